"""Object stores behind fsspec: s3://, gs:// and az:// through obstore, anything else that fsspec knows as it is."""

from __future__ import annotations

from typing import Any

from rag.errors import ConfigurationError

OBSTORE = ("s3", "s3a", "gs", "gcs", "az", "azure", "abfs", "abfss", "adl")


def file_system(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL and the path in it. Raises ConfigurationError.

    Credentials, region and endpoint come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
    AWS_ENDPOINT (with AWS_ALLOW_HTTP=true for a plain one), GOOGLE_SERVICE_ACCOUNT, AZURE_STORAGE_ACCOUNT_NAME ...
    """
    from fsspec.core import url_to_fs

    scheme = url.partition("://")[0]
    try:
        if scheme in OBSTORE:
            # s3fs holds back python-dateutil, and each cloud has a package of its own there; this is one for all three.
            from obstore.fsspec import register

            register(scheme, asynchronous=False)
        store, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise ConfigurationError(
            f"The store '{scheme}://' cannot be used: {error}",
            "Use s3://, gs://, az:// or file://, or install fsspec's package for it.",
        ) from error
    return store, str(path)
