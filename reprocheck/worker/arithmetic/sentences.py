"""A profile in words: what is as IEEE 754 has it is short, what is not is told."""

from __future__ import annotations

from typing import Any, Dict, List

from .formats import FORMATS


def sentence_of(profile: Dict[str, Any], dtype: str) -> str:
    """Return one sentence about a profile; what could not be told is named as such."""
    parts = [
        *_inputs(profile, FORMATS[dtype].fraction_bits),
        *_products(profile),
        *_accumulator(profile),
        *_rounding(profile),
        *_subnormals(profile),
    ]
    return "; ".join(parts)


def _inputs(profile: Dict[str, Any], whole: int) -> List[str]:
    bits = profile.get("inputBits", whole)
    if not isinstance(bits, int):
        return ["input bits not told"]
    if bits == whole:
        return []
    rounding = _words(profile.get("inputRounding"))
    return ["keeps {} of {} fraction bits of its inputs, rounded {}".format(bits, whole, rounding)]


def _products(profile: Dict[str, Any]) -> List[str]:
    said = {"yes": "products are added unrounded", "no": "products are rounded before they are added"}
    return [said.get(str(profile["fused"]), "rounding of products not told")] if "fused" in profile else []


def _accumulator(profile: Dict[str, Any]) -> List[str]:
    if "accumulatorBits" not in profile:
        return []
    bits = profile["accumulatorBits"]
    if not isinstance(bits, int):
        return ["accumulator not told: " + str(bits["detail"])]
    rounding = profile.get("accumulatorRounding")
    same = rounding is None or rounding == profile.get("rounding")
    return ["accumulates in {} fraction bits{}".format(bits, "" if same else ", rounded " + _words(rounding))]


def _rounding(profile: Dict[str, Any]) -> List[str]:
    return ["result rounded {}".format(_words(profile["rounding"]))] if "rounding" in profile else []


def _subnormals(profile: Dict[str, Any]) -> List[str]:
    told = profile["subnormals"]
    if not isinstance(told, str):
        return ["subnormals not told"]
    what, _, how = told.rpartition(" ")
    return ["subnormal {}{}".format(what or "numbers", " " + how)]


def _words(rounding: Any) -> str:
    """Return a rounding in words; a status is `in a way not told`."""
    said = {"nearest-even": "to nearest even", "nearest-away": "to nearest, halves away from zero", "to-odd": "to odd"}
    return said.get(rounding, rounding.replace("-", " ")) if isinstance(rounding, str) else "in a way not told"
