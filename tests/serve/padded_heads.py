"""The packaged language model with attention heads that do nothing, so that two workers can share its heads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

HEADS, KEY_VALUE_HEADS = 12, 4
"""Of the copy; the packaged model has 9 and 3. Both keep three query heads for each key and value head."""


def pad_heads(source: Path, target: Path) -> Path:
    """A copy of a Llama folder that computes the same function with more heads.

    The heads that are added have zeros for query, key and value, and the columns of the output projection that read them
    are zeros: they add nothing. Heads that were there keep their places and with them their key and value head.
    """
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(source, target, ignore=shutil.ignore_patterns("model.safetensors"))
    config = json.loads((source / "config.json").read_text())
    width = config["head_dim"]
    assert config["num_attention_heads"] * KEY_VALUE_HEADS == config["num_key_value_heads"] * HEADS
    weights = load_file(source / "model.safetensors")
    for name, value in weights.items():
        rows = {"q_proj": HEADS, "k_proj": KEY_VALUE_HEADS, "v_proj": KEY_VALUE_HEADS}.get(name.split(".")[-2])
        if rows is not None:
            added = torch.zeros(rows * width - value.shape[0], value.shape[1], dtype=value.dtype)
            weights[name] = torch.cat([value, added]).contiguous()
        elif name.endswith("o_proj.weight"):
            added = torch.zeros(value.shape[0], HEADS * width - value.shape[1], dtype=value.dtype)
            weights[name] = torch.cat([value, added], dim=1).contiguous()
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    config |= {"num_attention_heads": HEADS, "num_key_value_heads": KEY_VALUE_HEADS}
    (target / "config.json").write_text(json.dumps(config, indent=2))
    return target
