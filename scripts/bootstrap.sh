#!/bin/sh
# Prepares this machine and this checkout: missing system packages, .venv, the built extension.
#
#   sh scripts/bootstrap.sh runtime    what painting needs
#   sh scripts/bootstrap.sh gui        that, and what the desktop studio needs, training included
#   sh scripts/bootstrap.sh develop    that, and what tests need
#   sh scripts/bootstrap.sh bench      that, and what benchmarks compare with
#
# Called by the Makefile, which decides when it is due. Set PYTHON to choose the interpreter.
set -eu

kind=${1:?usage: bootstrap.sh runtime|gui|develop|bench}
cd "$(dirname "$0")/.."

say() { printf '%s\n' "bootstrap: $*" >&2; }
die() {
    say "$*"
    exit 1
}

brushes_folder() {
    prefix=$(pkg-config --variable=brushesdir mypaint-brushes-2.0 2>/dev/null || true)
    [ -d "${prefix:-/usr/share/mypaint-data/2.0/brushes}" ]
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

has_headers() {
    include=$("$1" -c 'import sysconfig; print(sysconfig.get_path("include"))') || return 1
    printf '#include <Python.h>\n' | g++ -fsyntax-only -x c++ "-I$include" - 2>/dev/null
}

# Names the Debian packages that are missing, found out by trying, not by asking the package manager:
# compilers and Pythons also come from elsewhere.
missing_packages() {
    command -v g++ >/dev/null 2>&1 || echo g++
    command -v pkg-config >/dev/null 2>&1 || echo pkg-config
    pkg-config --exists 'libmypaint >= 1.5' 2>/dev/null || echo libmypaint-dev
    brushes_folder || echo mypaint-brushes
    if python=$(find_python); then
        # A Python from elsewhere brings its own venv and headers; Debian's packages would not help it.
        case $(readlink -f "$("$python" -c 'import sys; print(sys.executable)')") in
            /usr/bin/*)
                has_venv "$python" || echo python3-venv
                # Without a compiler the headers cannot be tried; asking for them costs nothing.
                has_headers "$python" || echo python3-dev
                ;;
        esac
    elif ! command -v python3 >/dev/null 2>&1; then
        echo python3 python3-venv python3-dev
    fi
}

# Names the packages of shared libraries that Qt needs for windows and for drawing without a screen.
missing_window_packages() {
    known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
    for pair in libEGL.so.1:libegl1 libGL.so.1:libgl1 libglib-2.0.so.0:libglib2.0-0 libdbus-1.so.3:libdbus-1-3 \
        libfontconfig.so.1:libfontconfig1 libxkbcommon.so.0:libxkbcommon0 \
        libxkbcommon-x11.so.0:libxkbcommon-x11-0 libxcb-cursor.so.0:libxcb-cursor0 \
        libxcb-icccm.so.4:libxcb-icccm4 libxcb-image.so.0:libxcb-image0 libxcb-keysyms.so.1:libxcb-keysyms1 \
        libxcb-randr.so.0:libxcb-randr0 libxcb-render-util.so.0:libxcb-render-util0 \
        libxcb-shape.so.0:libxcb-shape0 libxcb-sync.so.1:libxcb-sync1 libxcb-xfixes.so.0:libxcb-xfixes0 \
        libxcb-xkb.so.1:libxcb-xkb1; do
        case $known in
            *"${pair%%:*} "*) ;;
            *) echo "${pair#*:}" ;;
        esac
    done
    [ -d /usr/share/fonts/truetype/dejavu ] || echo fonts-dejavu-core
}

# Names the packages of the programs with which tests use the studio in a real window.
missing_screen_packages() {
    for pair in Xvfb:xvfb xauth:xauth openbox:openbox xdotool:xdotool import:imagemagick; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || echo "${pair#*:}"
    done
}

install_packages() {
    say "installing missing system packages: $*"
    root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 ||
            die "not root and no sudo here; as root run: apt-get install $*"
        root="sudo"
    fi
    $root apt-get -o DPkg::Lock::Timeout=300 -qq update
    $root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 -qq install --no-install-recommends -y "$@"
}

packages=$(missing_packages | tr '\n' ' ')
[ "$kind" = runtime ] || packages="$packages$(missing_window_packages | tr '\n' ' ')"
case $kind in develop | bench) packages="$packages$(missing_screen_packages | tr '\n' ' ')" ;; esac
if [ -n "$packages" ]; then
    command -v apt-get >/dev/null 2>&1 || die "this system has no apt-get. Please install by hand: \
Python 3.11 or newer with headers and venv, a C++17 compiler (g++), pkg-config, libmypaint 1.5 or newer \
with headers, the mypaint-brushes 2.0 data. Missing here (Debian names): $packages"
    # shellcheck disable=SC2086 # one word per package
    install_packages $packages
fi

python=$(find_python) || die "no Python 3.11 or newer found (python3 is \
$(python3 --version 2>&1 || echo missing)); install one, or name it: make PYTHON=/path/to/python3"
has_venv "$python" || die "$python cannot make virtual environments; install its venv and ensurepip modules"
has_headers "$python" || die "the C headers of $python are missing or do not compile; install its development files"
pkg-config --exists 'libmypaint >= 1.5' || die "libmypaint 1.5 or newer is still missing"

if ! .venv/bin/python -c '' 2>/dev/null; then
    say "making .venv with $python"
    rm -rf .venv
    "$python" -m venv .venv
fi

case $kind in
    runtime) what=. ;;
    gui) what='.[gui,train]' ;;
    develop) what='.[dev,gui,gym,ray,train]' ;;
    bench) what='.[bench,dev,gui,gym,ray,train]' ;;
    *) die "unknown kind '$kind'; valid: runtime, gui, develop, bench" ;;
esac
say "installing $what into .venv (the first time this takes a few minutes)"
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
pip install --quiet --constraint constraints.txt pip
pip install --quiet --constraint constraints.txt --build-constraint constraints.txt --editable "$what"

touch .venv/.installed-runtime
[ "$kind" = runtime ] || touch .venv/.installed-gui
case $kind in develop | bench) touch .venv/.installed-develop ;; esac
[ "$kind" != bench ] || touch .venv/.installed-bench
say "ready"
