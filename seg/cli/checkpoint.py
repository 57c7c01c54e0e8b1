"""`python -m seg checkpoint inspect FILE`: what a checkpoint says about itself."""

import argparse
import json
from pathlib import Path

from seg.checkpoint import Checkpoint, open_checkpoint


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("checkpoint", help="look into a checkpoint file")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    inspect = actions.add_parser("inspect", help="print what a checkpoint says about itself")
    inspect.add_argument("file", type=Path)
    inspect.add_argument("--json", action="store_true", help="for machines")
    inspect.set_defaults(run=run_inspect)


def run_inspect(arguments: argparse.Namespace) -> int:
    """Print the metadata; the weights are not read."""
    checkpoint = open_checkpoint(arguments.file)
    if arguments.json:
        print(json.dumps(_as_json(checkpoint), indent=2))
    else:
        print("\n".join(f"{name:<15}{value}" for name, value in _as_rows(checkpoint) if value))
    return 0


def _as_json(checkpoint: Checkpoint) -> dict[str, object]:
    """Everything, the metadata as it is stored."""
    return {
        "file": checkpoint.path.name,
        "sha256": checkpoint.sha256,
        "bytes": checkpoint.size_bytes,
        "parameters": checkpoint.metadata.architecture.parameters,
        "metadata": checkpoint.metadata.model_dump(mode="json"),
    }


def _as_rows(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """What a person wants to know, a line each."""
    metadata = checkpoint.metadata
    architecture, training, data = metadata.architecture, metadata.training, metadata.data
    rows = [
        ("title", metadata.title),
        ("task", metadata.task),
        ("sha256", checkpoint.sha256),
        ("size", f"{checkpoint.size_bytes / 1e6:.2f} MB"),
        ("network", f"UNet++ {'-'.join(map(str, architecture.filters))}, norm {architecture.norm}"),
        ("parameters", f"{architecture.parameters:,}"),
        ("heads", ", ".join(f"L{level}" for level in architecture.heads)),
        ("input", f"{metadata.preprocessing.channels} channels, "
                  f"{metadata.preprocessing.normalisation}"),
        ("classes", ", ".join(metadata.class_names)),
        ("threshold", f"{metadata.threshold:g}"),
    ]  # fmt: skip
    if training:
        rows += [
            ("loss", f"{training.loss}, alpha {training.alpha:g}, beta {training.beta:g}, "
                     f"smooth {training.smooth:g}"),
            ("trained", f"{training.best_epoch} of {training.epochs} epochs, "
                        f"seed {training.seed}, {training.seconds:.0f} s"),
        ]  # fmt: skip
    if data:
        parts = ", ".join(f"{part} {len(ids)}" for part, ids in data.seen.items())
        rows += [
            ("data", f"{data.name} ({data.licence})" if data.licence else data.name),
            ("fingerprint", data.fingerprint),
            ("split", f"{data.split} Images: {parts}."),
        ]
    rows += [
        (score.part, f"{score.metric} {score.class_name} {score.text()}")
        for score in metadata.scores
        if score.value is not None
    ]  # fmt: skip
    return [*rows, ("note", metadata.note)]
