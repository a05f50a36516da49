"""The conda package that people install for a PyPI project."""

from __future__ import annotations

import pytest

from reprocheck.facts.conda_names import load_conda_names

CASES = {
    "torch": "pytorch",
    "torch-geometric": "pytorch_geometric",
    "build": "python-build",
    "tables": "pytables",
    "docker": "docker-py",
    "graphviz": "python-graphviz",
    "opencv-python": "py-opencv",
    "cupy-cuda12x": "cupy",
    "ray": "ray-core",
    # The own name beside parts, variants and second names.
    "numpy": "numpy",
    "matplotlib": "matplotlib",
    "tensorflow": "tensorflow",
    "tensorflow-cpu": "tensorflow-cpu",
    "faiss-cpu": "faiss-cpu",
    "xgboost": "xgboost",
    "fsspec": "fsspec",
    "pillow": "pillow",
    "jaxlib": "jaxlib",
    # Names without a row stand for themselves, in conda's spelling.
    "PyYAML": "pyyaml",
    "typing_extensions": "typing-extensions",
    # conda-forge keeps an underscore, and has no twin with a hyphen.
    "pyproject-hooks": "pyproject_hooks",
    "huggingface-hub": "huggingface_hub",
    "jupyter_client": "jupyter_client",
    "ruamel.yaml": "ruamel.yaml",
    "Some__Thing": "some-thing",
}


@pytest.mark.parametrize(("project", "conda"), CASES.items(), ids=CASES)
def test_a_project_has_the_conda_name_that_people_install(project: str, conda: str) -> None:
    assert load_conda_names().conda_name(project) == conda
