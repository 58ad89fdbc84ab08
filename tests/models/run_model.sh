#!/bin/sh
# run_model.sh -- one model of the table: run_model.sh NAME.model
# SPDX-License-Identifier: MIT
#
# Compiles for several clusters, builds without a warning, runs, and compares: each with the reference within 1e-4, N devices with one
# byte for byte; in `make check-again` mednnc compiles for all, and one is built and run. A
# .model file holds shell assignments: `options` for mednnc, `more` (clusters for the long test, as CLUSTER:PARTITION), and
# `divided=no` for models whose layers are too small or not made to be divided.
set -eu
options='' more='' divided=yes
# shellcheck source=/dev/null
. "$1"
# shellcheck source=tests/models/model.sh
. "$SRCDIR/tests/models/model.sh"
name=$(basename "$1" .model)
find_model "$name"
work_folder "$name"

clusters='1:rows 3:rows 3:gtdp' built=$clusters
[ -z "$again" ] || built='3:gtdp'
[ -z "$long" ] || clusters="1:rows 1:gtdp 2:rows 2:gtdp 3:rows 3:gtdp 5:rows 5:gtdp $more" built=$clusters

for cluster in $clusters; do
    devices=${cluster%:*} partition=${cluster#*:}
    folder=$work/$devices-$partition
    echo "== $name --devices $devices --partition $partition"
    # shellcheck disable=SC2086 # options are several words
    "$MEDNNC" "$model" --devices "$devices" --partition "$partition" $options -o "$folder"
    [ "$devices" = 1 ] || [ $divided = no ] || "$CHECK_SHARES" "$folder/report.xml"
    case " $built " in *" $cluster "*)
        build_folder "$folder"
        run_folder "$name" "$folder" "$folder.out"
        check_close "$name" "$folder.out"
        [ "$devices" = 1 ] || [ -n "$again" ] || check_same "$work/1-rows.out" "$folder.out"
        ;;
    esac
    rm -rf "$folder"
done
