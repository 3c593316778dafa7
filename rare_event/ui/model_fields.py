"""How the form of the Train page names the fields of each model."""

from __future__ import annotations

from rare_event.config import AttentionModel, ModelConfig
from rare_event.ui.forms import Look

# The fields of the models; the help of each says more.
LABELS = {
    "widths": "Units of the hidden layers",
    "encoder": "Units of the encoder layers",
    "decoder": "Units of the decoder layers",
    "width": "Filter width (rows)",
    "pooling": "Pooling (rows)",
    "heads": "Attention heads",
    "blocks": "Attention blocks",
    "latent": "Size of the latent code",
    "beta": "Weight of the divergence",
    "tied": "Tie the decoder's weights to the encoder's",
    "activation": "Activation of the hidden layers",
    "output_activation": "Activation of the output",
    "activations": "Activation of each hidden layer",
    "activity_l1": "L1 penalty on the first layer's outputs",
    "activity_l2": "L2 penalty on the first layer's outputs",
    "components": "Principal components",
    "statistic": "Score of a row",
    "most_rows": "Maximum training rows",
    "neighbours": "Nearest neighbours",
    "C": "C (inverse penalty)",
    "nu": "Nu (share outside the boundary)",
    "l2": "L2 penalty",
    "leaves": "Leaves per tree",
    "horizon": "Horizon (rows)",
    "ratio": "Normal rows per positive row",
}


def look_of(model: ModelConfig) -> Look:
    """Return how the form shows the fields of a model."""
    if isinstance(model, AttentionModel):
        return Look({**LABELS, "width": "Size of the vector of a row"})
    return Look(LABELS)
