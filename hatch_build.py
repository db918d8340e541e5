"""Put the content folders into wheels; an editable install reads them from the checkout."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ContentHook(BuildHookInterface):  # type: ignore[type-arg]
    """Map datasets/, tasks/ and leaderboards/ to benchmark/_content/ in a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folders unless the build is an editable one."""
        if version == "standard":
            for kind in ("datasets", "tasks", "leaderboards"):
                build_data["force_include"][kind] = f"benchmark/_content/{kind}"
