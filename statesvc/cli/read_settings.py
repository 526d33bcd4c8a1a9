"""From flags to settings."""

from typing import Any


def read_settings(**given: Any) -> Any:
    """Return the settings with the flags that were given. Raises InvalidParameter for values that cannot be."""
    from pydantic import ValidationError

    from statesvc.errors import InvalidParameter
    from statesvc.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InvalidParameter(f"the settings are wrong: {wrong}") from None
