"""Adapters for the packaged language model, written by hand in PEFT's format: nothing is trained here."""

from __future__ import annotations

import json
from pathlib import Path

RANK = 8


def write_adapter(model: Path, target: Path, *, seed: int, strength: float) -> Path:
    """A folder with a random adapter on the query and value projections of all layers of a Llama folder.

    `strength` 0 makes one that changes nothing: its second factor is zeros.
    """
    import torch
    from safetensors.torch import save_file

    own = json.loads((model / "config.json").read_text())
    head = own.get("head_dim") or own["hidden_size"] // own["num_attention_heads"]
    rows = {"q_proj": own["num_attention_heads"] * head, "v_proj": own["num_key_value_heads"] * head}
    dice = torch.Generator().manual_seed(seed)
    weights = {}
    for layer in range(own["num_hidden_layers"]):
        for name, out in rows.items():
            place = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            weights[f"{place}.lora_A.weight"] = torch.randn(RANK, own["hidden_size"], generator=dice) / RANK
            weights[f"{place}.lora_B.weight"] = torch.randn(out, RANK, generator=dice) * strength
    target.mkdir(parents=True)
    save_file(weights, target / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": RANK,
        "lora_alpha": RANK,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": sorted(rows),
    }
    (target / "adapter_config.json").write_text(json.dumps(config, indent=2))
    return target
