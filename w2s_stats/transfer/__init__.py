"""Strategies under a shift of latent concepts, and their comparison (theory 6)."""

from w2s_stats.transfer._baselines import (
    OracleClassifier,
    OracleRegressor,
    SourceOnlyClassifier,
    SourceOnlyRegressor,
)
from w2s_stats.transfer._compare import compare_strategies
from w2s_stats.transfer._comparison import StrategyComparison, StrategyResult
from w2s_stats.transfer._deconvolution import (
    ConceptDeconvolutionClassifier,
    ConceptDeconvolutionRegressor,
)
from w2s_stats.transfer._diagnostics import Diagnostic
from w2s_stats.transfer._kmeans import KMeansConceptAssigner
from w2s_stats.transfer._refinement import LabelRefinementClassifier, LabelRefinementRegressor
from w2s_stats.transfer._split import TargetKFold
from w2s_stats.transfer._stack import stack_domains
from w2s_stats.transfer._weak_training import WeakTrainingClassifier, WeakTrainingRegressor

__all__ = [
    "ConceptDeconvolutionClassifier",
    "ConceptDeconvolutionRegressor",
    "Diagnostic",
    "KMeansConceptAssigner",
    "LabelRefinementClassifier",
    "LabelRefinementRegressor",
    "OracleClassifier",
    "OracleRegressor",
    "SourceOnlyClassifier",
    "SourceOnlyRegressor",
    "StrategyComparison",
    "StrategyResult",
    "TargetKFold",
    "WeakTrainingClassifier",
    "WeakTrainingRegressor",
    "compare_strategies",
    "stack_domains",
]
