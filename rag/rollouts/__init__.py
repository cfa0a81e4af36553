"""One language model gives way to another, a share of the questions at a time: `redwell rollout`."""
