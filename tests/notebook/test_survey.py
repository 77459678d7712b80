"""What the side panel is told of a kernel: every variable in a few facts, whatever somebody's classes do."""

import json
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from jupyter_phys.core import instrument
from jupyter_phys.core.instrument import Card, Task
from jupyter_phys.core.settings import Settings, option
from jupyter_phys.notebook import survey, variables


def described(value: Any) -> dict[str, Any]:
    found = variables.described("it", value)
    assert found is not None
    json.dumps(found, allow_nan=False)
    return found


class Untouchable(torch.nn.Module):
    """Whoever looks at more than torch keeps is told off."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.nn.Linear(3, 2)

    @property
    def shape(self) -> Any:
        raise AssertionError("a property was read")

    def parameters(self, recurse: bool = True) -> Any:
        raise AssertionError("a method was called")

    __repr__ = __len__ = __bool__ = __eq__ = __hash__ = parameters  # type: ignore[assignment]


class Wrapped(torch.Tensor):
    """A tensor whose every operation is somebody's."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError("an operation was carried out")


class Sized(np.ndarray):
    @property
    def nbytes(self) -> int:  # type: ignore[override]
        raise AssertionError("a property was read")


ARRAYS: dict[str, tuple[Any, dict[str, Any]]] = {
    "mask": (np.ones((4, 5), bool), {"kind": "mask", "dtype": "bool", "shape": [4, 5], "device": "cpu", "size": 20}),
    "array": (np.zeros(3), {"kind": "array", "dtype": "float64", "shape": [3], "device": "cpu", "size": 24}),
    "number": (np.zeros(()), {"kind": "array", "shape": [], "size": 8}),
    "subclass": (np.zeros(3).view(Sized), {"kind": "array", "type": "Sized", "size": 24}),
    "tensor": (torch.zeros(2, 3, dtype=torch.bfloat16), {"kind": "array", "dtype": "bfloat16", "size": 12}),
    "on another device": (torch.empty(7, device="meta"), {"kind": "array", "device": "meta", "size": 28}),
    "sparse": (torch.eye(3).to_sparse(), {"kind": "array", "shape": [3, 3], "size": None}),
    "wrapped": (torch.zeros(4).as_subclass(Wrapped), {"kind": "array", "type": "Wrapped", "shape": [4], "size": 16}),
    "parameter": (torch.nn.Parameter(torch.zeros(2)), {"kind": "array", "type": "Parameter", "size": 8}),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_say_shape_dtype_device_and_bytes(name: str):
    value, facts = ARRAYS[name]
    assert facts.items() <= described(value).items()


def test_a_network_counts_each_parameter_once_and_buffers_in_its_bytes():
    net = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3))
    net.append(net[0])  # shared
    found = described(net)
    assert (found["kind"], found["type"], found["parameters"]) == ("network", "Sequential", 12 + 6)
    held = [*net.parameters(), *net.buffers()]
    assert found["size"] == sum(one.numel() * one.element_size() for one in held)


def test_a_network_on_two_devices_names_both():
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2, device="meta", dtype=torch.float16))
    assert (described(net)["device"], described(net)["dtype"]) == ("cpu, meta", "float32, float16")


def test_nothing_of_the_users_is_called():
    assert described(Untouchable())["parameters"] == 8


def test_what_is_not_yet_made_has_no_parameters_and_what_is_broken_no_facts():
    assert described(torch.nn.LazyLinear(3))["parameters"] == 0
    half = torch.nn.Linear.__new__(torch.nn.Linear)  # its __init__ did not run
    assert described(half) | {"kind": "network", "size": None, "shape": None} == described(half)


class Hostile:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_a_broken_object_does_not_spoil_the_list():
    namespace = {"bad": Hostile(), "mask": np.ones(4, bool), "module": np, "text": "mask", "_hidden": np.ones(3)}
    assert [one["name"] for one in variables.listed(namespace, {})] == ["mask"]


def test_what_the_shell_put_there_is_not_the_users_until_it_is_replaced():
    shells = np.ones(3)
    assert variables.listed({"Out": shells}, {"Out": shells}) == []
    assert len(variables.listed({"Out": np.ones(3)}, {"Out": shells})) == 1


def test_a_variable_says_which_tasks_measure_it():
    mask = np.ones((8, 8), bool)
    able = [[name, task.name] for name, task in variables.tasks() if task.subjects.measurable(mask)]
    assert able and described(mask)["measured_by"] == able


def test_a_subject_that_is_no_array_is_listed_by_its_type():
    known = [(kind, task) for _, task in variables.tasks() for kind in task.subjects.named.values()]
    kind, _ = next((kind, task) for kind, task in known if task.subjects.measurable(kind()))
    assert (described(kind())["kind"], described(kind())["type"]) == ("subject", kind.__name__)


def test_instruments_tell_tasks_subjects_and_the_schema_of_their_settings():
    for told in survey.instruments():
        found = instrument.find(told["name"])
        assert [one["name"] for one in told["tasks"]] == [
            n for n, one in found.card.tasks.items() if not one.around
        ] and not told["broken"]
        for one in told["tasks"]:
            task = found.task(one["name"])
            assert set(one["schema"]["properties"]) == set(task.settings.options())
            assert {word: set(own) for word, own in one["named"].items()} == {
                word: set(kind.options()) for word, kind in task.subjects.named.items()
            }
    json.dumps(survey.instruments(), allow_nan=False)


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Beside ours, an instrument that does not import and one that stumbles over everything."""

    def stumble(value: Any) -> bool:
        raise RuntimeError("stumbled")

    class Own(Settings):
        depth: int = option(1, "how deep")

    package, settings, subjects = (ModuleType(f"strange{part}") for part in ("", ".settings", ".subjects"))
    package.CARD = Card("strange", "Strange", {"only": Task("a thing")}, ())  # type: ignore[attr-defined]
    settings.Settings = Own  # type: ignore[attr-defined]
    subjects.SUBJECTS = SimpleNamespace(accepts="x", named={}, default=(), measurable=stumble)  # type: ignore[attr-defined]
    for module in (package, settings, subjects):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    known = instrument.packages()
    monkeypatch.setattr(instrument, "packages", lambda: {**known, "gone": "not_there", "strange": "strange"})
    variables.tasks.cache_clear()
    survey.instruments.cache_clear()
    yield
    variables.tasks.cache_clear()
    survey.instruments.cache_clear()


@pytest.mark.usefixtures("strangers")
def test_a_broken_instrument_says_why_and_spoils_nothing():
    told = {one["name"]: one for one in survey.instruments()}
    assert "not_there" in told["gone"]["broken"] and told["gone"]["tasks"] == []
    assert told["strange"]["tasks"][0]["schema"]["properties"].keys() == {"depth"}
    assert described(np.ones(8, bool))["measured_by"]


def test_the_bench_says_device_and_memory():
    found = survey.bench()
    assert found["device"] in ("cpu", "auto") or found["device"].startswith("cuda")
    assert 0 < found["free"] <= found["total"] and found["state"]


def test_a_device_that_was_started_says_its_own_memory(monkeypatch: pytest.MonkeyPatch):
    said = {"is_initialized": True, "current_device": 2, "mem_get_info": (3, 8), "memory_reserved": 1}
    for name, value in {**said, "get_device_name": "a card"}.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, value=value: value)
    told = {"state": "a card", "free": 3, "total": 8, "taken": 1}
    monkeypatch.setattr(survey.session(), "device", "auto")
    assert survey.bench() == {"device": "cuda:2", **told}
    monkeypatch.setattr(survey.session(), "device", "cuda:1")
    assert survey.bench() == {"device": "cuda:1", **told}
    monkeypatch.setattr(survey.session(), "device", "cpu")
    assert survey.bench()["device"] == "cpu"


NO_TORCH = """
import sys, json
from jupyter_phys.notebook import survey
found = survey.survey({"one": 1, "text": "x"}, {})
assert found["bench"]["state"] == "not started", found["bench"]
assert found["instruments"] and found["instruments"][0]["tasks"]
json.dumps(found, allow_nan=False)
print(*sorted({"torch", "matplotlib", "xarray", "pandas"} & set(sys.modules)))
"""


def test_asking_imports_no_torch():
    done = subprocess.run([sys.executable, "-c", NO_TORCH], capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.stderr) == ("", "")


class Comms:
    """The comm manager and a comm of a pretended kernel."""

    def __init__(self) -> None:
        self.targets: dict[str, Any] = {}
        self.sent: list[dict[str, Any]] = []
        self.hears: Any = None

    def register_target(self, name: str, opened: Any) -> None:
        self.targets[name] = opened

    def unregister_target(self, name: str, opened: Any) -> None:
        del self.targets[name]

    def on_msg(self, hears: Any) -> None:
        self.hears = hears

    def send(self, data: dict[str, Any]) -> None:
        self.sent.append(data)


def message(**data: Any) -> dict[str, Any]:
    return {"content": {"data": data}}


def test_the_channel_answers_the_opening_and_later_questions():
    comms = Comms()
    kernel = SimpleNamespace(comm_manager=comms)
    shell = SimpleNamespace(kernel=kernel, user_ns={"m": np.ones(3, bool)}, user_ns_hidden={})
    survey.install(shell)
    comms.targets[survey.TARGET](comms, message())
    assert comms.sent == []
    comms.hears(message(ask="survey"))
    comms.targets[survey.TARGET](comms, message(ask="survey"))
    assert [one["variables"][0]["name"] for one in comms.sent] == ["m", "m"]
    comms.hears(message(ask="the time"))
    assert "does not know the question" in comms.sent[-1]["error"]
    survey.uninstall(shell)
    survey.uninstall(shell)
    assert comms.targets == {}


def test_without_a_kernel_there_is_no_channel():
    survey.install(SimpleNamespace())
    survey.uninstall(SimpleNamespace())


def test_of_many_variables_the_last_are_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(survey, "MOST", 3)
    found = survey.survey({f"m{i}": np.ones(2) for i in range(5)}, {})
    assert ([one["name"] for one in found["variables"]], found["left_out"]) == (["m2", "m3", "m4"], 2)
