import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import HashEncoder
from hypothesis import settings

from askpkcn import building, index
from askpkcn.engine import Engine
from askpkcn.reader import Reader

REPOSITORY = Path(__file__).parent.parent

# A slow machine is no fault, and CI tries the same examples each time; other runs look for new ones.
settings.register_profile("askpkcn", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("askpkcn")


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture(scope="session")
def seeds_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the repository's seeds by the real encoder; tests that change it work on a copy."""
    folder = tmp_path_factory.mktemp("seeds") / "index"
    index.build([REPOSITORY / "seeds"], folder, lambda: building.open_encoder(None))
    return folder


@pytest.fixture
def seeds_copy(seeds_index: Path, tmp_path: Path) -> Path:
    return shutil.copytree(seeds_index, tmp_path / "index")


@pytest.fixture(scope="session")
def engine(seeds_index: Path) -> Iterator[Engine]:
    with Engine(seeds_index) as opened:
        yield opened


@pytest.fixture(scope="session")
def reader() -> Reader:
    return Reader()


@pytest.fixture
def shared_seeds() -> Path:
    folder = REPOSITORY.parent / "shared" / "seeds"
    if not folder.is_dir():
        pytest.skip("the raw articles are not distributed; they are expected in ../shared/seeds")
    return folder
