#!/usr/bin/env bash
# Counts the lines of the file that came along as an attachment.
set -eu
echo "$(wc -l < cities.txt) cities, first argument: ${1:-none}"
