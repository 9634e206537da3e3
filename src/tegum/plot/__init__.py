"""Figures drawn from stored datasets only: each function takes what `tegum.train` returns and gives a Figure."""

from tegum.plot.arrows import feature_arrows
from tegum.plot.branches import collapsed_against_probability, landing_shares, level_curves, loss_branches
from tegum.plot.curves import loss_ratio_against_probability, represented_against_probability
from tegum.plot.forces import cost_of_overlap, formula_against_samples
from tegum.plot.heatmaps import gram_and_bias
from tegum.plot.norms import norm_bars
from tegum.plot.phase_maps import disagreement, phase_maps
from tegum.plot.style import save_figure, styled
from tegum.plot.training import loss_curves

__all__ = [
    "collapsed_against_probability",
    "cost_of_overlap",
    "disagreement",
    "feature_arrows",
    "formula_against_samples",
    "gram_and_bias",
    "landing_shares",
    "level_curves",
    "loss_branches",
    "loss_curves",
    "loss_ratio_against_probability",
    "norm_bars",
    "phase_maps",
    "represented_against_probability",
    "save_figure",
    "styled",
]
