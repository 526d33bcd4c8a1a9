"""What Go reads and writes, read and written as Go does it: numbers, durations, times, addresses, paths, signals."""
