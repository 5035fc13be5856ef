#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes a file as a C array. usage: embed.py FILE NAME HEADER > FILE.c"""
import sys


def main():
    path, name, header = sys.argv[1:]
    with open(path, "rb") as file:
        data = file.read()
    print(f'/* Made from {path.rsplit("/", 1)[-1]}: do not edit. */\n#include "{header}"\n')
    print(f"const size_t {name}_len = {len(data)};\nconst char {name}[] = {{")
    for at in range(0, len(data), 16):
        print("\t" + ", ".join(f"{b if b < 128 else b - 256}" for b in data[at:at + 16]) + ",")
    print("};")


if __name__ == "__main__":
    main()
