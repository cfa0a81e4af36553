"""Calls about labels: correct them, define sets, train, roll back."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from rag.calls.base import Calls, document_path
from rag.replies.labels import DocumentLabel, LabelModel, LabelSet
from rag.wire import decode


class LabelCalls(Calls):
    def label_sets(self) -> list[LabelSet]:
        return decode(list[LabelSet], self._json("GET", "/v1/labels").get("sets", []))

    def label_set(self, name: str) -> LabelSet:
        return decode(LabelSet, self._json("GET", _path(name)))

    def define_labels(self, name: str, labels: Mapping[str, str]) -> LabelSet:
        """A label set of your own: label -> what such a text says."""
        return decode(LabelSet, self._json("PUT", _path(name), json={"labels": dict(labels)}))

    def drop_labels(self, name: str) -> None:
        self._send("DELETE", _path(name))

    def train_labels(self, name: str) -> LabelModel:
        """Learn from all corrections; the model says whether it decides from now on."""
        return decode(LabelModel, self._json("POST", f"{_path(name)}/train", timeout=3600))

    def activate_labels(self, name: str, version: int | None) -> LabelSet:
        """Roll back (or forward) to a version; None: the descriptions decide."""
        return decode(LabelSet, self._json("POST", f"{_path(name)}/activate", json={"version": version}))

    def labels(self, document_id: str) -> list[DocumentLabel]:
        """Of one document, in every set."""
        return self._labels("GET", f"{document_path(document_id)}/labels")

    def correct_label(self, document_id: str, name: str, label: str) -> list[DocumentLabel]:
        """Correct, or confirm, a label; kept over every later analysis."""
        reply = self._json("PUT", f"{document_path(document_id)}/labels/{quote(name, safe='')}", json={"label": label})
        return decode(list[DocumentLabel], reply.get("labels", []))

    def withdraw_label(self, document_id: str, name: str) -> list[DocumentLabel]:
        """Take a correction back."""
        return self._labels("DELETE", f"{document_path(document_id)}/labels/{quote(name, safe='')}")

    def _labels(self, method: str, path: str) -> list[DocumentLabel]:
        return decode(list[DocumentLabel], self._json(method, path).get("labels", []))


def _path(name: str) -> str:
    return f"/v1/labels/{quote(name, safe='')}"
