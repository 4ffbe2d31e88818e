@echo off
rem Memulai lokakarya sim112 / starts the sim112 workshop.  mulai.bat --check: memeriksa saja / only checks.
setlocal
set PYTHON_MANAGER_AUTOMATIC_INSTALL=false
if not exist "%~dp0mulai.py" goto packed
for %%v in (@PYTHONS@) do (
    py -%%v "%~dp0mulai.py" --suits >nul 2>nul
    if not errorlevel 1 (
        set "SUITABLE=py -%%v"
        goto start
    )
)
python "%~dp0mulai.py" --suits >nul 2>nul
if not errorlevel 1 (
    set "SUITABLE=python"
    goto start
)
echo Tidak ada Python yang cocok. Perlu: @NAMED@ (64 bit). Baca BACA_DULU.txt.
echo There is no Python that suits. Needed: @NAMED@ (64-bit). Read README.txt.
set STATUS=1
goto ended
:packed
echo Ekstrak dahulu seluruh isi berkas zip ke sebuah folder, lalu jalankan mulai.bat di sana.
echo First extract the whole zip into a folder, then start mulai.bat there.
set STATUS=1
goto ended
:start
%SUITABLE% "%~dp0mulai.py" %*
set STATUS=%errorlevel%
:ended
if not "%STATUS%"=="0" if "%~1"=="" pause
exit /b %STATUS%
