"""Compile the line into `pipeline.yaml`, to upload to Kubeflow Pipelines."""

from pathlib import Path

import click
from kfp import compiler
from line_pipeline import IMAGE, line_pipeline

BESIDE = Path(__file__).with_name("pipeline.yaml")


@click.command()
@click.option("--image", default=IMAGE, show_default=True, help="The image that all steps run in.")
@click.option("--out", default=BESIDE, type=click.Path(path_type=Path), metavar="FILE",
              help="Where to write it. [default: pipeline.yaml beside this script]")  # fmt: skip
def main(image, out):
    """Compile the line into a file for Kubeflow Pipelines.

    \b
    Example:
      python deploy/kubeflow/compile.py --image registry.example.com/line:1
    """
    compiler.Compiler().compile(line_pipeline(image), str(out))
    click.echo(f"Compiled: {out}")


if __name__ == "__main__":
    main()
