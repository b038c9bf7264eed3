"""The papers' figures and tables as functions: one module each, numbers in a result object."""

from .consistency import ConsistencyResult, consistency_experiment

__all__ = ["ConsistencyResult", "consistency_experiment"]
