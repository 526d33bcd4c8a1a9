"""What Go reads and writes, read and written as Go does it: text, numbers, durations, times, addresses, paths."""
