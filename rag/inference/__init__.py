"""The Open Inference Protocol, version 2: the pipeline and each model as named tensors in and out."""
