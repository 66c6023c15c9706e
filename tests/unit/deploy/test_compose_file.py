"""deploy/compose.yaml gives each service what it needs and no more."""

import pkgutil
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import services
from jifen.cli.secret_files import NAMES
from jifen.stack.kafka import _settings
from jifen.stack.roles import SERVICE_ROLES
from tests.unit.house.repository import ROOT

FOLDER: Final = ROOT / "deploy"
READ: Final[dict[str, Any]] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
CONTAINERS: Final[dict[str, dict[str, Any]]] = READ["services"]
SERVICES: Final = sorted(one.name for one in pkgutil.iter_modules(services.__path__) if one.ispkg)
# PostgreSQL's image begins as root and Kafka's writes beside its programs.
WRITABLE: Final = {"kafka"}
PLACES: Final = {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs"}
_DRAIN_SECONDS = 20  # not ready for 5, requests for 5, the page in hand for 10


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_its_own_role_and_password(name: str) -> None:
    one = CONTAINERS[name]
    assert one["command"] == [name]
    assert f"//jifen_{name}@" in one["environment"]["JIFEN_DATABASE_URL"]
    assert one["environment"]["JIFEN_DATABASE_PASSWORD_FILE"] == f"/run/secrets/jifen_{name}"
    assert {given for given in one["secrets"] if given.startswith("jifen_")} == {f"jifen_{name}"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_waits_for_what_it_needs_and_may_finish(name: str) -> None:
    one = CONTAINERS[name]
    assert one["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "kafka": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
        "topics": {"condition": "service_completed_successfully"},
    }
    assert int(one["stop_grace_period"].removesuffix("s")) > _DRAIN_SECONDS
    assert one["healthcheck"]["test"][-1].endswith("/readyz")


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_is_confined(name: str) -> None:
    one = CONTAINERS[name]
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one.get("read_only") is (None if name in WRITABLE else True)
    assert one["logging"]["options"]["max-size"]
    assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ()))


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_image_has_a_version_and_a_variable(name: str) -> None:
    named = re.fullmatch(r"\$\{JIFEN_[A-Z]*_?IMAGE:-[a-z/]+:(.+)\}", CONTAINERS[name]["image"])
    assert named
    assert named[1] != "latest"


def test_our_image_has_the_version_of_the_project() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert CONTAINERS["earn"]["image"] == f"${{JIFEN_IMAGE:-jifen:{version[1]}}}"


def test_nothing_leaves_or_enters_where_the_database_is() -> None:
    assert READ["networks"]["backend"] == {"internal": True}
    assert CONTAINERS["postgres"]["networks"] == ["backend"]
    meets = {name: set(CONTAINERS[name]["networks"]) for name in ("prometheus", *SERVICES)}
    # One address of each service: two would be counted as two processes.
    assert all(meets["prometheus"] & meets[name] == {"backend"} for name in SERVICES)


def test_the_broker_is_told_what_the_one_of_jifen_up_is() -> None:
    told = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in CONTAINERS["kafka"]["environment"].items()
    }
    embedded = {name: str(value) for name, value in _settings(Path(), 0, 0).items()}
    both = told.keys() & embedded.keys()
    assert {name for name in both if told[name] != embedded[name]} == PLACES
    # What differs besides is for a machine that has other things to do.
    assert {name.split(".")[0] for name in embedded.keys() - told.keys()} == {"log", "num"}


def test_every_secret_is_made_and_given_to_somebody() -> None:
    assert set(READ["secrets"]) == set(NAMES)
    given = {secret for one in CONTAINERS.values() for secret in one.get("secrets", ())}
    assert given == set(NAMES)
    assert set(CONTAINERS["migrate"]["secrets"]) == {"jifen_owner", *SERVICE_ROLES}


def test_every_mounted_file_is_there() -> None:
    mounted = [
        volume.split(":")[0]
        for one in CONTAINERS.values()
        for volume in one.get("volumes", ())
        if volume.startswith(".")
    ]
    assert mounted
    assert [path for path in mounted if not Path(FOLDER, path).exists()] == []


def test_the_example_names_every_variable() -> None:
    used = set(re.findall(r"\$\{(\w+)", (FOLDER / "compose.yaml").read_text()))
    told = re.findall(r"^# ?(\w+)=", (FOLDER / ".env.example").read_text(), re.MULTILINE)
    assert used - {"known", "USER"} == set(told)
