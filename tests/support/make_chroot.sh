#!/bin/sh
# Another system's Mesa, tried here: makes a folder with Debian 13 (Mesa 25, LLVM 19), or runs something in it.
#
#     tests/support/make_chroot.sh make /var/tmp/trixie [trixie [http://deb.debian.org/debian]]
#     tests/support/make_chroot.sh run /var/tmp/trixie deno task test tests/kernels
#     tests/support/make_chroot.sh umount /var/tmp/trixie
#
# As root, on a Debian system with debootstrap. What is run sees this project, this Deno and its packages at their own paths, and
# no network is needed. Variables that begin with LP_, MESA_ or CROSSVIEW_ are handed on. `umount` comes before the folder is
# removed: `rm -r` on it while it is mounted would remove the project.
set -eu

usage() {
  sed -n '4,6s/^#  *//p' "$0" >&2
  exit 2
}

[ $# -ge 2 ] || usage
verb=$1
root=$2
shift 2
project=$(cd "$(dirname "$0")/../.." && pwd)

# What is lent to the folder, at its own path.
lent() {
  echo "$project"
  dirname "$(command -v deno)"
  deno info --json | sed -n 's/^ *"denoDir": "\(.*\)",*$/\1/p'
}

mounted() {
  grep -q " $1 " /proc/self/mounts
}

lend() {
  lent | while read -r path; do
    mkdir -p "$root$path"
    mounted "$root$path" || mount --bind "$path" "$root$path"
  done
  mounted "$root/proc" || mount -t proc proc "$root/proc"
  mounted "$root/dev" || mount --bind /dev "$root/dev"
}

case $verb in
  make)
    debootstrap --variant=minbase --include=mesa-vulkan-drivers,ca-certificates,git,nginx-light,procps,python3 \
      "${1:-trixie}" "$root" "${2:-http://deb.debian.org/debian}"
    ;;
  run)
    [ $# -ge 1 ] || usage
    root=$(cd "$root" && pwd)
    command -v deno > /dev/null || {
      echo "Cannot run anything in $root: there is no deno on the PATH to lend it" >&2
      exit 1
    }
    lend
    path=$(dirname "$(command -v deno)"):/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
    cache=$(lent | tail -n 1)
    passed=$(env | grep -E '^(LP|MESA|CROSSVIEW)_[A-Z_]*=' || true)
    # The system's own variables, XDG's folders among them, are not the folder's.
    # shellcheck disable=SC2086 # One variable a word.
    exec chroot "$root" /usr/bin/env -i -C "$project" PATH="$path" HOME=/root DENO_DIR="$cache" NO_COLOR=1 \
      $passed "$@"
    ;;
  umount)
    root=$(cd "$root" && pwd)
    # The innermost first.
    sed -n "s|^[^ ]* \($root/[^ ]*\) .*|\1|p" /proc/self/mounts | sort -r | while read -r path; do
      umount "$path"
    done
    ;;
  *) usage ;;
esac
