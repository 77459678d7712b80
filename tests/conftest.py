"""The order of the tests; the JupyterLab and the Chromium that those of the page share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import lab as laboratory
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no process waits for another at the end."""
    items.sort(key=lambda item: item.path.name != "test_notebooks.py")


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[laboratory.Lab]:
    """A JupyterLab in a folder of its own."""
    grouped = any(item.nodeid.endswith("@browser") for item in request.session.items)
    assert grouped or "PYTEST_XDIST_WORKER" not in os.environ, "tests that share a page need --dist loadgroup"
    laboratory.need_a_browser()
    running = laboratory.Lab(tmp_path_factory.mktemp("lab"))
    yield running
    running.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A fresh page, which must leave no error in the console."""
    errors: list[str] = []
    opened = laboratory.new_page(chromium, errors)
    yield opened
    opened.context.close()
    assert errors == []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser of this machine. No longer than a module, as asyncio runs nothing else beside it."""
    laboratory.need_a_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=laboratory.chromium(), args=laboratory.FLAGS)
        yield browser
        browser.close()
