"""Files for containers and clusters: what they promise, as far as it shows without an engine."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "containers"
LINES = (FOLDER / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
STEPS = [(line.split()[0], line.split()[1:]) for line in LINES if line and line[0] != "#"]
IMAGE = dict(STEPS)  # the last step of each kind: those of the image that is kept
HEADER, *SECTIONS = re.split(r"^%", (FOLDER / "segtransfer.def").read_text("utf-8"), flags=re.M)
DEFINITION = dict(section.split("\n", 1) for section in SECTIONS)
DATA = IMAGE["VOLUME"][0]
RAY = re.search(r"^ray==(.*)", (ROOT / "constraints.txt").read_text("utf-8"), re.M)


def validate(data: Any, schema: Any) -> None:
    needs = "needs jsonschema: pip install 'segtransfer[ray]'"
    pytest.importorskip("jsonschema", reason=needs).validate(data, schema)


def yaml(name: str) -> Any:
    return YAML(typ="safe").load((FOLDER / name).read_text("utf-8"))


def test_the_image_runs_segtransfer_without_root_and_keeps_data_on_a_volume() -> None:
    assert int(IMAGE["USER"][0]) > 0
    assert IMAGE["ENTRYPOINT"] == ['["segtransfer"]']
    assert f"SEGTRANSFER_HOME={DATA}" in IMAGE["ENV"]
    assert f"SEGTRANSFER_HOME=${{SEGTRANSFER_HOME:-{DATA}}}" in DEFINITION["environment"]
    assert DEFINITION["runscript"].split() == ["exec", "segtransfer", '"$@"']


def test_only_packages_come_from_the_net_and_no_secret_is_named() -> None:
    assert "ADD" not in dict(STEPS)
    for path in FOLDER.iterdir():
        text = path.read_text("utf-8")
        assert not re.search(r"(?i)curl|wget|git clone|token|password|secret|api_key", text), path


def test_both_images_have_the_same_base_arguments_and_files() -> None:
    bases = {words[0] for kind, words in STEPS if kind == "FROM"}
    assert bases == set(re.findall(r"^From: (.*)", HEADER, re.M))
    arguments = [word for kind, words in STEPS if kind == "ARG" for word in words]
    assert arguments == DEFINITION["arguments"].split()
    files = dict(line.split() for line in DEFINITION["files"].strip().splitlines())
    assert all(path == f"/src/{name}" and (ROOT / name).exists() for name, path in files.items())
    first, *allowed = (
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[0] != "#"
    )
    assert first == "*"  # everything else stays outside
    assert {line[1:] for line in allowed if line[0] == "!"} == set(files)


@pytest.mark.parametrize(("device", "indices"), [("cpu", ["here", None]), ("cuda", [None])])
def test_every_package_is_of_the_locked_set(
    device: str, indices: list[str | None], tmp_path: Path
) -> None:
    """The script is run with a `pip` that only notes its words."""
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\necho "$*" >> calls\n')
    pip.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DEVICE": device, "CPU_TORCH": "here"}
    command = ["sh", str(FOLDER / "install.sh")]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    calls = [line.split() for line in (tmp_path / "calls").read_text().splitlines()]
    for words, index in zip(calls, indices, strict=True):
        assert words[words.index("--constraint") + 1] == "constraints.txt"
        assert dict(zip(words, words[1:], strict=False)).get("--index-url") == index
    assert "sh containers/install.sh" in DEFINITION["post"]
    assert ("RUN", ["sh", "containers/install.sh"]) in STEPS


def fields(required: str = "", **known: Any) -> dict[str, Any]:
    """Schema of an object that has no other fields than these."""
    return {"type": "object", "required": required.split(), "properties": known,
            "additionalProperties": False}  # fmt: skip


TEXT, WHOLE, LIST = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "array"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
POD = fields("spec", spec=fields(
    "containers",
    containers={"type": "array", "minItems": 1, "items": fields(
        "name image", name=TEXT, image=TEXT, env=LIST, volumeMounts=LIST,
        resources=fields(limits=TEXTS, requests=TEXTS))},
    volumes=LIST,
    securityContext=fields(runAsNonRoot={"const": True}, runAsUser=WHOLE, fsGroup=WHOLE),
))  # fmt: skip
GROUP = {"template": POD, "rayStartParams": TEXTS}
RAY_JOB = fields(  # from ray.io_rayjobs.yaml (v1) of KubeRay 1.7.0: the part that is used
    "apiVersion kind metadata spec",
    apiVersion={"const": "ray.io/v1"}, kind={"const": "RayJob"}, metadata=fields("name", name=TEXT),
    spec=fields(
        entrypoint=TEXT, backoffLimit=WHOLE, shutdownAfterJobFinishes={"type": "boolean"},
        rayClusterSpec=fields(
            "headGroupSpec", rayVersion=TEXT, headGroupSpec=fields("template", **GROUP),
            workerGroupSpecs={"type": "array", "items": fields(
                "groupName maxReplicas minReplicas template", groupName=TEXT, replicas=WHOLE,
                minReplicas=WHOLE, maxReplicas=WHOLE, **GROUP)},
        ),
    ),
)  # fmt: skip


def test_the_job_of_kuberay_has_the_fields_of_its_schema_and_one_cell_fits_a_node() -> None:
    job = yaml("rayjob.yaml")
    validate(job, RAY_JOB)
    cluster = job["spec"]["rayClusterSpec"]
    assert RAY and cluster["rayVersion"] == RAY[1]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for pod in (group["template"]["spec"] for group in groups):
        (container,) = pod["containers"]
        assert {"name": "HF_HUB_OFFLINE", "value": "1"} in container["env"]
        (mount,) = container["volumeMounts"]
        assert mount["mountPath"] == DATA and mount["name"] in {v["name"] for v in pod["volumes"]}
        assert pod["securityContext"]["runAsUser"] == int(IMAGE["USER"][0])
    words = job["spec"]["entrypoint"].split()
    asked = dict(zip(words, words[1:], strict=False))
    limits = groups[-1]["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert float(asked["--gpus-per-cell"]) <= float(limits["nvidia.com/gpu"])
    assert float(asked["--cpus-per-cell"]) <= float(limits["cpu"])
    assert asked["--out"].startswith(DATA)


def test_the_cluster_on_aws_is_one_by_the_schema_of_ray() -> None:
    ray = pytest.importorskip("ray", reason="needs Ray: pip install 'segtransfer[ray]'")
    schema = Path(ray.__file__).parent / "autoscaler" / "ray-schema.json"
    cluster = yaml("ray-aws.yaml")
    validate(cluster, json.loads(schema.read_text("utf-8")))
    assert cluster["head_node_type"] in cluster["available_node_types"]
    nodes = [kind.get("min_workers", 0) for kind in cluster["available_node_types"].values()]
    assert sum(nodes) <= cluster["max_workers"]
    options = cluster["docker"]["run_options"]
    folder = next(one.split("=")[1].split(":")[0] for one in options if one.endswith(f":{DATA}"))
    assert any(folder in command for command in cluster["initialization_commands"])
    assert '--entrypoint=""' in options and "--env=HF_HUB_OFFLINE=1" in options
