"""Settings and files of encryption and authentication, checked before a server starts."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from certificates import Authority, write_key
from cryptography.hazmat.primitives.asymmetric import ec

from ecm_tf.core.errors import InputError
from export.serve.__main__ import main
from export.serve.credentials import check
from export.serve.settings import ServerConfig

FILES = {"tls_cert": "cert", "tls_key": "key", "token_file": "token"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_credentials(host):
    assert not ServerConfig(host=host).protected


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", "", "192.168.0.7", "example"])
def test_other_addresses_need_tls_and_a_token(host):
    incomplete = [{}, {"token_file": "token"}, {"tls_cert": "cert", "tls_key": "key"}]
    for settings in incomplete:
        with pytest.raises(InputError, match=r"host: expected a loopback address, or --tls_cert"):
            ServerConfig(host=host, **settings)
        assert ServerConfig(host=host, insecure=True, **settings)
    assert ServerConfig(host=host, **FILES).tls


@pytest.mark.parametrize(("given", "missing"), [("tls_cert", "tls_key"), ("tls_key", "tls_cert")])
def test_certificate_and_key_belong_together(given, missing):
    with pytest.raises(InputError, match=f"{missing}: expected the .* of --{given}, got None"):
        ServerConfig(**{given: "file"})


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Valid files, by the name of their flag."""
    directory = tmp_path_factory.mktemp("credentials")
    cert, key = Authority(directory).issue("server")
    token = directory / "token"
    token.write_text("secret\n")
    return {"tls_cert": cert, "tls_key": key, "token_file": token}


def config(files, **others):
    return ServerConfig(**{name: str(path) for name, path in {**files, **others}.items()})


def test_matching_files_are_accepted(files):
    check(config(files))


@pytest.fixture
def other(tmp_path):
    """Files that do not fit."""
    (tmp_path / "text").write_text("secret, but no PEM\n")
    (tmp_path / "directory").mkdir()
    write_key(ec.generate_private_key(ec.SECP256R1()), tmp_path / "other_key")
    write_key(ec.generate_private_key(ec.SECP256R1()), tmp_path / "encrypted", b"passphrase")
    return tmp_path


@pytest.mark.parametrize(
    ("flag", "name", "message"),
    [
        ("tls_cert", "none", "no such file; expected a certificate in PEM format"),
        ("tls_cert", "directory", "expected a regular file"),
        ("tls_cert", "text", "expected a certificate in PEM format"),
        ("tls_key", "none", "no such file; expected a key in PEM format"),
        ("tls_key", "text", "expected a key in PEM format"),
        ("tls_key", "other_key", "expected the key of"),
        ("tls_key", "encrypted", "expected a key without a passphrase"),
        ("token_file", "none", "no such file; expected one line with a token"),
        ("token_file", "text", "expected one line with a token"),
    ],
)
def test_other_files_are_refused(flag, name, message, files, other):
    with pytest.raises(InputError, match=message) as raised:
        check(config(files, **{flag: other / name}))
    assert str(raised.value).startswith(str(other / name))
    assert "secret" not in str(raised.value)


def test_command_checks_before_any_work(files, other, exported_base, capsys):
    with pytest.raises(InputError, match="expected the key of"):
        main([str(exported_base), *flags(files, tls_key=other / "other_key")])
    with pytest.raises(InputError, match="host: expected a loopback address"):
        main([str(exported_base), "--host", "0.0.0.0"])
    assert capsys.readouterr().out == ""


def flags(files, **others):
    return [part for name, path in {**files, **others}.items() for part in (f"--{name}", str(path))]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not installed")
def test_documented_commands_make_valid_files(tmp_path):
    page = (Path(__file__).parents[3] / "docs/serving.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"```\n(openssl req .*?)```", page, re.DOTALL)
    subprocess.run(["bash", "-ec", commands], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "token").stat().st_mode & 0o077 == 0
    names = {"tls_cert": "cert.pem", "tls_key": "key.pem", "token_file": "token"}
    check(config({flag: tmp_path / name for flag, name in names.items()}))
