@echo off
rem One command from a fresh checkout to a load test: makes .venv, installs Wavetank into it, runs a mode.
setlocal
set "ROOT=%~dp0"
set "VENV=%ROOT%.venv"
set "SCRIPT=%ROOT%examples\ymera\artillery_websocket.yml"
set "MODE=%~1"
set "TARGET=%WS_URL%"
if not "%~2"=="" goto usage

if "%MODE%"=="quick" goto install
if "%MODE%"=="medium" goto install
if "%MODE%"=="heavy" goto install
if "%MODE%"=="artillery-quick" goto install
if "%MODE%"=="artillery-staging" goto staging

:usage
>&2 echo usage: %~nx0 MODE
>&2 echo(
>&2 echo   quick              100 connections,  10 messages each
>&2 echo   medium             500 connections,  20 messages each
>&2 echo   heavy             1000 connections,  50 messages each
>&2 echo   artillery-quick    the YMERA script, ten seconds of users
>&2 echo   artillery-staging  the YMERA script, all 44 minutes of it, against WS_URL
>&2 echo(
>&2 echo environment:
>&2 echo   WS_URL             the server, such as ws://localhost:8000/ws; without it, the reference target is started
>&2 echo   CONNECTIONS        so many connections, in place of the mode's
>&2 echo   MESSAGES           so many messages each, in place of the mode's
exit /b 1

:staging
if defined TARGET goto install
>&2 echo error: artillery-staging needs a server: set WS_URL to its address, wss://...
exit /b 2

:install
if exist "%VENV%\Scripts\python.exe" goto update
set "FOUND="
if defined PYTHON call :try "%PYTHON%"
call :try py -3
call :try python
call :try python3
if not defined FOUND (
    >&2 echo error: Wavetank needs Python 3.11 or newer: install it, or set PYTHON to its path.
    exit /b 3
)
>&2 echo making %VENV% ...
%FOUND% -m venv "%VENV%"
if errorlevel 1 (
    >&2 echo error: the environment "%VENV%" could not be made.
    exit /b 3
)

:update
rem The copy says for which pyproject.toml the environment was made.
fc /b "%ROOT%pyproject.toml" "%VENV%\.installed" >nul 2>nul
if not errorlevel 1 goto run
>&2 echo installing Wavetank into %VENV% ...
"%VENV%\Scripts\python.exe" -m pip install --quiet --disable-pip-version-check -e "%ROOT%." 1>&2
if errorlevel 1 (
    >&2 echo error: Wavetank could not be installed; what pip says is above.
    exit /b 3
)
copy /y "%ROOT%pyproject.toml" "%VENV%\.installed" >nul

:run
set "WAVETANK=%VENV%\Scripts\wavetank.exe"
if "%MODE%"=="artillery-quick" goto script
if "%MODE%"=="artillery-staging" goto script
if defined TARGET (
    "%WAVETANK%" stress "%TARGET%" --preset %MODE%
) else (
    "%WAVETANK%" stress --preset %MODE% --serve
)
exit /b %ERRORLEVEL%

:script
set "ENVIRONMENT=localhost"
if "%MODE%"=="artillery-staging" set "ENVIRONMENT=staging"
if not defined TARGET (
    "%WAVETANK%" run "%SCRIPT%" -e %ENVIRONMENT% --serve
    goto end
)
rem The script connects to /ws by itself.
if "%TARGET:~-1%"=="/" set "TARGET=%TARGET:~0,-1%"
if /i "%TARGET:~-3%"=="/ws" set "TARGET=%TARGET:~0,-3%"
"%WAVETANK%" run "%SCRIPT%" -e %ENVIRONMENT% -t "%TARGET%"

:end
exit /b %ERRORLEVEL%

:try
if defined FOUND exit /b 0
%* -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if not errorlevel 1 set FOUND=%*
exit /b 0
