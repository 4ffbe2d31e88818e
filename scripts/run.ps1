# The Windows form of the Makefile: .\scripts\run.ps1 demo | test | check
param([ValidateSet("demo", "test", "check")][string]$Target = "demo")
$ErrorActionPreference = "Stop"
Set-Location (Join-Path $PSScriptRoot "..")

function Invoke-Step {
    & $args[0] @($args | Select-Object -Skip 1)
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

$python = ".venv\Scripts\python.exe"
if (-not (Test-Path $python)) { Invoke-Step py -3 -m venv .venv }

if ($Target -eq "demo") {
    Invoke-Step $python -m pip install --quiet --editable .
    Invoke-Step $python -m sim112 compare dec_2021 known_2025 all_35
} else {
    Invoke-Step $python -m pip install --quiet --editable ".[test]"
    Invoke-Step $python -m ruff check sim112 tests scripts
    Invoke-Step $python -m mypy
    if ($Target -eq "test") {
        Invoke-Step $python -m pytest -q -n auto --dist loadfile -m "not slow and not browser"
    } else {
        Invoke-Step $python -m pytest -q -n auto
    }
}
