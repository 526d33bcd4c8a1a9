#!/bin/sh
# engine.sh ROOTFS COMMAND...: run COMMAND with ROOTFS as its root, as a child of process 1 of namespaces of its own.
# Needs root. Call it under: unshare --mount --net --pid --ipc --uts --fork --kill-child
set -e
rootfs=$1
shift
hostname sample
ip link set lo up
mount --make-rprivate /
mount --bind "$rootfs" "$rootfs"
cd "$rootfs"
mkdir -p .host
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p run/sample
pivot_root . .host # and not chroot: in a chroot, runc cannot change the root in its turn
cd /
umount -l /.host
mount --make-rshared /
"$@" &
wait
