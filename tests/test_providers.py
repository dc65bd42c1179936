"""Execution providers: a named one runs all the work or says why not, and `auto` is the CPU."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner
from onnx import helper, numpy_helper

from edgebert.bundle import open_bundle
from edgebert.cli import main, options
from edgebert.doctor import examine
from edgebert.errors import GateError, ProviderError
from edgebert.machine import ONNXRUNTIME_WHEELS, installed_versions, onnxruntime_wheels
from edgebert.runtimes import load
from edgebert.runtimes.sessions.providers import PROVIDER_NAMES, PROVIDERS
from edgebert.runtimes.sessions.reasons import reason_of
from edgebert.runtimes.sessions.session import graph_placement, open_graph, open_session

ROOT = Path(__file__).parent.parent
HERE = onnxruntime.get_available_providers()
ABSENT = [p for p in PROVIDERS.values() if p.full_name not in HERE]
GPUS = [p.name for p in PROVIDERS.values() if p.gpu]


def refusal(bundle: Path, provider: str) -> str:
    with pytest.raises(ProviderError) as caught:
        load(bundle, provider=provider)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def both_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip leaves of onnxruntime-gpu where it was installed as well."""
    metadata = tmp_path / "onnxruntime_gpu-1.20.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: onnxruntime-gpu\nVersion: 1.20.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))


# which there are


def test_the_command_line_offers_every_provider() -> None:
    assert tuple(options.PROVIDER.choices) == PROVIDER_NAMES


def strings_of(source: Path) -> Iterator[tuple[str, int]]:
    """The strings of a module's code, with their lines; docstrings are no code."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value, node.lineno


def test_the_name_of_a_provider_stands_in_the_code_of_one_file() -> None:
    """`cpu` is also the name of a target, and `cuda` in training that of a device of PyTorch."""
    names = {name for name in PROVIDERS if name != "cpu"}
    full_names = [provider.full_name for provider in PROVIDERS.values()]
    found: dict[str, list[str]] = {}
    for top in ("edgebert", "export", "quantize", "runtimes/python"):
        for source in (ROOT / top).rglob("*.py"):
            for value, line in strings_of(source):
                if value in names or any(name in value for name in full_names):
                    found.setdefault(str(source.relative_to(ROOT)), []).append(f"{line}: {value}")
    assert found.pop("edgebert/training/loop/device.py")[0].endswith(": cuda")
    assert list(found) == ["runtimes/python/sessions/providers.py"], found


def test_every_provider_is_documented_with_what_installs_it_and_its_target() -> None:
    page = (ROOT / "runtimes" / "python" / "README.md").read_text(encoding="utf-8")
    table = page.partition("| provider | install |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:] for line in table.splitlines()[2:]]
    for provider in PROVIDERS.values():
        ((_, install, target, *_),) = [row for row in rows if f"`{provider.name}`" in row[0]]
        assert f"`{provider.target}`" in target
        assert provider.extra is None or f"edgebert[{provider.extra}]" in install
        assert f"`{provider.name}`" in str(load.__doc__)


def test_an_unknown_provider_is_refused(tiny_bundle: Path) -> None:
    assert refusal(tiny_bundle, "rocm") == (
        "unknown provider 'rocm'; there are cpu, cuda, tensorrt, openvino, coreml, xnnpack, qnn, "
        "dml, webgpu, auto"
    )


def test_every_extra_that_a_message_names_installs_one_onnxruntime() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for extra in {p.extra for p in PROVIDERS.values() if p.extra}:
        (wheel,) = extras[extra]
        assert wheel.partition(">=")[0] in ONNXRUNTIME_WHEELS


# auto


def test_auto_is_the_cpu_and_the_model_says_so(tiny_bundle: Path) -> None:
    model = load(tiny_bundle)
    assert model.provider == "CPUExecutionProvider"
    assert repr(model).endswith("fp32 feature-extraction on CPUExecutionProvider>")
    detail = {check.name: check.detail for check in examine(tiny_bundle).checks}["provider"]
    assert detail.startswith("CPUExecutionProvider, chosen by auto")


def test_auto_answers_like_the_cpu_bit_for_bit(tiny_bundle: Path) -> None:
    texts = ["turn the lamp on", "a", "it was not good"]
    named = load(tiny_bundle, provider="cpu").embed(texts)
    assert (load(tiny_bundle).embed(texts) == named).all()


# one that is not here


@pytest.mark.parametrize("provider", [p for p in ABSENT if p.extra], ids=lambda p: p.name)
def test_a_provider_that_is_not_installed_names_the_extra(provider: Any, tiny_bundle: Path) -> None:
    message = refusal(tiny_bundle, provider.name)
    assert message.startswith(f"provider '{provider.name}' is not installed (this onnxruntime has ")
    wheel = " ".join(onnxruntime_wheels())
    way_out = f"pip uninstall -y {wheel}, then pip install 'edgebert[{provider.extra}]'"
    assert message.endswith(way_out)


@pytest.mark.parametrize("provider", [p for p in ABSENT if not p.extra], ids=lambda p: p.name)
def test_a_provider_without_a_wheel_says_what_has_it(provider: Any, tiny_bundle: Path) -> None:
    assert refusal(tiny_bundle, provider.name).endswith(
        f"{provider.name} comes with {provider.where}"
    )


def test_without_any_onnxruntime_the_extra_of_the_provider_is_named(tiny_bundle: Path) -> None:
    code = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from edgebert.runtimes.sessions.providers import PROVIDERS\n"
        "from edgebert.runtimes.sessions.session import import_onnxruntime\n"
        "import_onnxruntime(PROVIDERS['webgpu'])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.splitlines()[-1].endswith("pip install 'edgebert[webgpu]'")


# one that does not fit


@pytest.mark.parametrize("gpu", GPUS)
def test_an_int8_bundle_for_the_cpu_refuses_every_gpu(gpu: str, tiny_int8: Path) -> None:
    assert refusal(tiny_int8, gpu) == (
        f"{tiny_int8} is int8 for the CPU, and {gpu} has no such products: make a bundle for it "
        f"with 'edgebert export MODEL -o BUNDLE --target {PROVIDERS[gpu].target}'"
    )


def test_a_provider_that_runs_none_of_the_work_is_refused(tiny_bundle: Path, azure: str) -> None:
    message = refusal(tiny_bundle, azure)
    assert re.fullmatch(
        rf"AzureExecutionProvider does not run all of {re.escape(str(tiny_bundle))}: "
        r"(\d+) of \1 MatMul and attention nodes fell back to CPUExecutionProvider "
        r"\(\d+ MatMul, 2 Attention.*\); make a bundle for it with "
        "'edgebert export MODEL -o BUNDLE --target portable'",
        message,
    )


def test_doctor_tells_what_load_refuses(tiny_bundle: Path, azure: str) -> None:
    with pytest.raises(GateError) as caught:
        examine(tiny_bundle, provider=azure)
    (check,) = [c for c in caught.value.record.checks if not c.passed]
    assert (check.name, check.cause) == ("provider", "provider")
    assert check.detail == refusal(tiny_bundle, azure)
    assert check.way_out == "use provider 'cpu', on which the bundle was proved"


def test_inspect_shows_what_load_refuses(
    tiny_bundle: Path, azure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgebert.cli.prove.inspect import show_inspect
    from edgebert.inspect import inspect_path

    shown = show_inspect(inspect_path(tiny_bundle, provider=azure))
    assert re.search(r"runs on +operator +nodes\n[- ]+\nCPUExecutionProvider  ", shown)
    assert "asked for AzureExecutionProvider: " in shown
    assert re.search(r"fell back, so 'edgebert.load' refuses it: \d+ MatMul, 2 Attention", shown)


@pytest.mark.parametrize("command", ["embed", "bench"])
def test_a_command_runs_on_the_provider_that_is_asked_for_or_not_at_all(
    command: str, tiny_bundle: Path
) -> None:
    texts = ["turn the lamp on"] if command == "embed" else ["--lengths", "4", "--threads", "1"]
    result = CliRunner().invoke(main, [command, str(tiny_bundle), *texts, "--provider", "openvino"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "provider 'openvino' is not installed" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_commands_on_the_cpu_by_name_answer_as_by_default(tiny_bundle: Path) -> None:
    by_default = CliRunner().invoke(main, ["embed", str(tiny_bundle), "anna"])
    named = CliRunner().invoke(main, ["embed", str(tiny_bundle), "anna", "--provider", "cpu"])
    assert (by_default.exit_code, named.exit_code) == (0, 0)
    assert named.stdout == by_default.stdout


# one that fails


def test_a_graph_that_a_provider_cannot_run_is_one_line(
    tiny_bundle: Path, azure: str, tmp_path: Path
) -> None:
    graph = change_weight(tiny_bundle, tmp_path / "cut.onnx", lambda weight: weight[:3])
    with pytest.raises(
        ProviderError, match=r"cannot be (loaded|run) with provider 'azure': "
    ) as caught:
        graph_placement(graph, provider=azure)
    assert "\n" not in str(caught.value)


def test_answers_that_are_no_numbers_are_refused(
    tiny_bundle: Path, azure: str, tmp_path: Path
) -> None:
    graph = change_weight(tiny_bundle, tmp_path / "nan.onnx", lambda weight: weight * np.nan)
    with pytest.raises(ProviderError, match="it answers with numbers that are not finite"):
        graph_placement(graph, provider=azure)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (  # onnxruntime-webgpu 1.27.0 without an adapter
            (
                "/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:65 onnxruntime::"
                "webgpu::WebGpuContext::Initialize(const onnxruntime::webgpu::WebGpuContextConfig&)::"
                "<lambda()>::<lambda(wgpu::RequestAdapterStatus, wgpu::Adapter, wgpu::StringView, "
                "wgpu::Adapter*)> status == wgpu::RequestAdapterStatus::Success was false. "
                "Failed to get a WebGPU adapter: No supported adapters\n"
            ),
            "Failed to get a WebGPU adapter: No supported adapters",
        ),
        (  # onnxruntime-gpu 1.31.1 without TensorRT
            (
                "/onnxruntime_src/onnxruntime/python/onnxruntime_pybind_state.cc:729 void onnxruntime::"
                "python::RegisterTensorRTPluginsAsCustomOps(PySessionOptions&, const onnxruntime::"
                "ProviderOptions&) Please install TensorRT libraries as mentioned in the GPU "
                "requirements page\n"
            ),
            "Please install TensorRT libraries as mentioned in the GPU requirements page",
        ),
        (
            (
                "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Exception during initialization: "
                "std::bad_alloc"
            ),
            "not enough memory",
        ),
        ("", "Exception"),
    ],
)
def test_what_onnxruntime_says_is_told_without_its_source(message: str, reason: str) -> None:
    assert reason_of(Exception(message)) == reason


def test_a_session_that_fails_to_allocate_is_one_line(tmp_path: Path) -> None:
    weight = numpy_helper.from_array(np.ones((4096, 4096), np.float32), "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    values = [helper.make_tensor_value_info(n, 1, ["n", 4096]) for n in "xy"]
    graph = helper.make_graph([node], "g", values[:1], values[1:], [weight])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), tmp_path / "m.onnx"
    )
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from edgebert.runtimes.sessions.session import import_onnxruntime, open_graph\n"
        "import_onnxruntime()\n"
        "pages = int(Path('/proc/self/statm').read_text().split()[0])\n"
        "limit = pages * resource.getpagesize() + 90 * 2**20\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "open_graph(Path(sys.argv[1]), threads=1)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "m.onnx")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr.splitlines()[-1] == (
        f"edgebert.errors.BundleError: {tmp_path / 'm.onnx'} cannot be loaded by onnxruntime: not enough memory"
    )
    assert "EP Error" not in run.stdout


def change_weight(bundle: Path, graph: Path, change: Callable[[Any], Any]) -> Path:
    model = onnx.load(bundle / "model.onnx")
    (weight,) = [t for t in model.graph.initializer if t.name.endswith("0.output.dense.weight")]
    changed = np.ascontiguousarray(change(numpy_helper.to_array(weight)))
    weight.CopyFrom(numpy_helper.from_array(changed, weight.name))
    onnx.save(model, graph)
    return graph


# two wheels


@pytest.mark.usefixtures("both_wheels")
def test_two_wheels_are_told_with_the_way_out(tiny_bundle: Path) -> None:
    found = f"onnxruntime {installed_versions()['onnxruntime']} and onnxruntime-gpu 1.20.0"
    remove = "pip uninstall -y onnxruntime onnxruntime-gpu, then pip install"
    assert refusal(tiny_bundle, "cuda") == (
        f"provider 'cuda' is not installed ({found} overwrite each other): {remove} 'edgebert[gpu]'"
    )
    detail = {check.name: check.detail for check in examine(tiny_bundle).checks}["versions"]
    assert detail.endswith(f"; {found} overwrite each other: {remove} 'edgebert[cpu]'")


@pytest.mark.usefixtures("both_wheels")
def test_two_wheels_are_told_when_another_provider_starts(tiny_bundle: Path, azure: str) -> None:
    with pytest.warns(RuntimeWarning, match="overwrite each other"):
        refusal(tiny_bundle, azure)


@pytest.mark.usefixtures("both_wheels")
def test_two_wheels_do_not_matter_to_the_cpu(tiny_bundle: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(tiny_bundle)


# settings


def test_spinning_is_a_setting_of_the_session_that_changes_no_answer(tiny_bundle: Path) -> None:
    sessions = [
        open_session(open_bundle(tiny_bundle), threads=2, spinning=False),
        open_graph(tiny_bundle / "model.onnx", threads=2, spinning=False),
        open_session(open_bundle(tiny_bundle), threads=2),
    ]
    key = "session.intra_op.allow_spinning"
    for session in sessions[:2]:
        assert session.get_session_options().get_session_config_entry(key) == "0"
    inputs = {value.name: np.ones((2, 8), np.int64) for value in sessions[0].get_inputs()}
    first, *others = [session.run(["sentence_embedding"], inputs)[0] for session in sessions]
    assert all((other == first).all() for other in others)


def test_threads_spin_within_a_run_and_sleep_after_it(tiny_bundle: Path) -> None:
    session = open_session(open_bundle(tiny_bundle), threads=2)
    inputs = {value.name: np.ones((64, 40), np.int64) for value in session.get_inputs()}
    session.run(None, inputs)
    spent = []
    for _ in range(5):
        session.run(None, inputs)
        before = time.process_time()
        time.sleep(0.02)
        spent.append(time.process_time() - before)
    assert min(spent) < 0.002  # they would spin on for longer than this


def test_memory_that_is_kept_or_not_changes_no_answer(tiny_bundle: Path) -> None:
    sessions = [open_session(open_bundle(tiny_bundle), arena=arena) for arena in (True, False)]
    kept = [session.get_session_options().enable_cpu_mem_arena for session in sessions]
    assert kept == [True, False]
    inputs = {value.name: np.ones((2, 8), np.int64) for value in sessions[0].get_inputs()}
    first, other = (session.run(["sentence_embedding"], inputs)[0] for session in sessions)
    assert (other == first).all()


def test_what_spares_time_on_the_cpu_alone_is_not_asked_of_a_gpu() -> None:
    from edgebert.runtimes.sessions.session import _Start

    key = "optimization.disable_specified_optimizers"
    on_cpu = _Start(Path("m.onnx")).options()
    assert on_cpu.get_session_config_entry(key) == "SkipLayerNormFusion"
    with pytest.raises(RuntimeError, match=key):
        _Start(Path("m.onnx"), PROVIDERS["cuda"]).options().get_session_config_entry(key)
