"""Checks of what users pass, in one clear sentence each."""

from w2s_stats._validation._alignment import check_alignment
from w2s_stats._validation._array_like import (
    as_array,
    check_features,
    check_features_anywhere,
    check_numbers,
    unmasked,
)
from w2s_stats._validation._labels import (
    check_class_labels,
    check_class_numbers,
    check_columns,
    check_counts,
    check_discrete,
    check_labels,
    check_weight,
    is_gap,
    plain_labels,
)
from w2s_stats._validation._rows import (
    check_distinct_rows,
    check_observed,
    check_sizes,
    count_distinct,
    row_keys,
    warn_columns,
)
from w2s_stats._validation._values import (
    check_choice,
    check_confidence_level,
    check_integer,
    check_seed,
    is_number,
    shown,
)
from w2s_stats._validation._whole_or_nothing import whole_or_nothing

__all__ = [
    "as_array",
    "check_alignment",
    "check_choice",
    "check_class_labels",
    "check_class_numbers",
    "check_columns",
    "check_confidence_level",
    "check_counts",
    "check_discrete",
    "check_distinct_rows",
    "check_features",
    "check_features_anywhere",
    "check_integer",
    "check_labels",
    "check_numbers",
    "check_observed",
    "check_seed",
    "check_sizes",
    "check_weight",
    "count_distinct",
    "is_gap",
    "is_number",
    "plain_labels",
    "row_keys",
    "shown",
    "unmasked",
    "warn_columns",
    "whole_or_nothing",
]
