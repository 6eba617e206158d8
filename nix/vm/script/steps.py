"""Runs the steps of a VM test on a Tidewatch that runs here, as systemd units or in a cluster of kind.

Everything has to be ready again by itself after a program or the whole machine was killed. The report has the seconds.
"""

import argparse
import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import time

LIMIT = 300  # seconds until something is ready again


class Failure(Exception):
    """A step failed; the text says why."""


def run(*command, check=True):
    """Returns what the command prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Failure(f"{command[0]} is not on PATH") from None
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(command)}: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def wait(what, condition):
    """Waits until the condition holds; a command that fails meanwhile counts as not yet."""
    end = time.monotonic() + LIMIT
    why = ""
    while time.monotonic() < end:
        try:
            if condition():
                return
            why = ""
        except Failure as failure:
            why = f": {failure}"
        time.sleep(0.2)
    raise Failure(f"{what} within {LIMIT} s{why}")


def answers(host, port, path):
    """Returns whether the path answers 200, or without a path, whether the port accepts connections."""
    try:
        if path is None:
            socket.create_connection((host, port), timeout=2).close()
            return True
        connection = http.client.HTTPConnection(host, port, timeout=2)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


class Units:
    """The systemd units of the NixOS module."""

    verify = ["tidewatch", "verify"]

    def __init__(self, facts):
        self.components = facts["components"]
        self.tasks = facts["tasks"]

    def show(self, name, setting):
        return run("systemctl", "show", "--value", f"--property={setting}", f"tidewatch-{name}.service").strip()

    def active(self, name):
        return self.show(name, "ActiveState") == "active"

    def ready(self, name):
        return self.active(name) and answers(**self.components[name]["ready"])

    def everything_ready(self):
        return all(self.active(task) for task in self.tasks) and all(self.ready(name) for name in self.components)

    def incarnation(self, name):
        return self.show(name, "InvocationID")

    def kill(self, name):
        run("systemctl", "kill", "--signal=KILL", f"tidewatch-{name}.service")

    def stop(self):
        # The target's own job ends before those of its services.
        run("systemctl", "stop", "tidewatch*")
        left = [name for name in self.components if self.active(name)]
        if left:
            raise Failure(f"these still run: {', '.join(left)}")

    def start(self):
        run("systemctl", "start", "tidewatch.target")

    def state(self):
        return run("systemctl", "list-units", "--all", "--no-pager", "tidewatch*", check=False)


class Kind:
    """The pods of a cluster with one node."""

    def __init__(self, facts, cluster):
        self.components = facts["components"]
        self.node = f"{cluster}-control-plane"
        self.kubectl = ["kubectl", f"--context=kind-{cluster}", f"--namespace={facts['namespace']}"]
        self.verify = ["tidewatch", "verify", "--target", f"k8s:kind-{cluster}"]

    def get(self, kind, *more):
        return json.loads(run(*self.kubectl, "get", kind, "--output=json", *more))["items"]

    def pods(self, name):
        return self.get("pods", f"--selector=app.kubernetes.io/name={name}")

    def ready(self, name):
        pods = self.pods(name)
        return bool(pods) and all(
            any(entry["type"] == "Ready" and entry["status"] == "True" for entry in pod["status"].get("conditions", []))
            and "deletionTimestamp" not in pod["metadata"]
            for pod in pods
        )

    def everything_ready(self):
        done = all(job["status"].get("succeeded") for job in self.get("jobs"))
        return done and all(self.ready(name) for name in self.components)

    def incarnation(self, name):
        return sorted(
            (pod["metadata"]["uid"], sum(entry["restartCount"] for entry in pod["status"].get("containerStatuses", [])))
            for pod in self.pods(name)
        )

    def kill(self, name):
        selector = f"--selector=app.kubernetes.io/name={name}"
        run(*self.kubectl, "delete", "pods", selector, "--force", "--grace-period=0", "--wait=false")

    def stop(self):
        self.before = {name: self.incarnation(name) for name in self.components}
        run("docker", "stop", self.node)

    def start(self):
        run("docker", "start", self.node)
        # Until the kubelet reports, the API server has the state from before the stop.
        wait("the API server has not answered", self.api_answers)
        wait(
            "not every pod was started again",
            lambda: all(self.incarnation(name) != old for name, old in self.before.items()),
        )

    def api_answers(self):
        return run(*self.kubectl, "get", "--raw=/readyz", check=False) == "ok"

    def state(self):
        return run(*self.kubectl, "get", "pods", "--output=wide", check=False)

    # Connections that the NetworkPolicies have to allow or refuse

    def flows(self):
        """Tries each port of each component from each other; returns how many are open and how many are refused."""
        running = {name: self.pods(name)[0] for name in self.components}
        address = {name: pod["status"]["podIP"] for name, pod in running.items()}
        process = self.processes(running)
        pairs = [
            (client, server, port, number)
            for client in self.components
            for server, component in self.components.items()
            if client != server
            for port, number in component["ports"].items()
        ]

        def opens(pair):
            client, server, _, number = pair
            inside = ["nsenter", "--target", process[client], "--net"]
            connect = ["timeout", "4", "nc", "-w", "3", address[server], str(number)]
            done = subprocess.run(["docker", "exec", self.node, *inside, *connect], capture_output=True, check=False)
            return done.returncode == 0

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            opened = dict(zip(pairs, pool.map(opens, pairs)))
        wrong = []
        for (client, server, port, number), is_open in opened.items():
            wanted = port in self.components[client]["talksTo"].get(server, [])
            if is_open != wanted:
                wrong.append(f"{client} {'reaches' if is_open else 'does not reach'} {server} at {port} ({number})")
        if wrong:
            raise Failure("; ".join(wrong))
        count = sum(opened.values())
        return f"{count} are open, {len(opened) - count} are refused"

    def processes(self, running):
        """Returns the id of a process of each pod on the node."""
        table = run("docker", "exec", self.node, "ctr", "--namespace=k8s.io", "tasks", "list")
        ids = dict(line.split()[:2] for line in table.splitlines()[1:])
        container = {name: pod["status"]["containerStatuses"][0]["containerID"] for name, pod in running.items()}
        return {name: ids[full.removeprefix("containerd://")] for name, full in container.items()}


class Report:
    """The steps that have run, each with its seconds."""

    def __init__(self):
        self.steps = []

    def step(self, name, action):
        start = time.monotonic()
        detail = action() or ""
        seconds = round(time.monotonic() - start, 1)
        self.steps.append({"step": name, "seconds": seconds, "detail": detail})
        print(f"{seconds:7.1f} s  {name}{detail and ': ' + detail}", flush=True)


def all_steps(platform, report):
    def becomes_ready(name, old):
        wait(
            f"{name} was not ready again",
            lambda: platform.incarnation(name) not in ([], "", old) and platform.ready(name),
        )

    def kill(name):
        old = platform.incarnation(name)
        platform.kill(name)
        becomes_ready(name, old)
        # Those that talk to it may have noticed.
        wait(f"not everything was ready again after {name}", platform.everything_ready)

    def verify():
        return run(*platform.verify).strip().splitlines()[-1]

    def ready():
        wait("not everything was ready", platform.everything_ready)

    report.step("everything is ready", ready)
    report.step("verify", verify)
    for name, component in platform.components.items():
        if component["killed"]:
            report.step(f"{name} killed, and everything ready again", lambda name=name: kill(name))
    if isinstance(platform, Kind):
        report.step("connections between components", platform.flows)
    report.step("stop", platform.stop)
    report.step("start", platform.start)
    report.step("everything is ready", ready)
    report.step("verify", verify)


def main():
    parser = argparse.ArgumentParser(prog="vm-steps", description=__doc__)
    parser.add_argument("platform", choices=["units", "kind"], help="how Tidewatch runs here")
    parser.add_argument("--cluster", default="tidewatch", help="the name of the cluster [default: tidewatch]")
    parser.add_argument("--report", type=pathlib.Path, help="a file for the steps as JSON")
    parser.add_argument("--facts", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    facts = json.loads(options.facts.read_text())
    platform = Units(facts) if options.platform == "units" else Kind(facts, options.cluster)
    report = Report()
    try:
        all_steps(platform, report)
    except Failure as failure:
        print(f"vm-steps: {failure}", file=sys.stderr)
        with contextlib.suppress(Failure):
            print(platform.state(), file=sys.stderr)
        return 1
    finally:
        if options.report:
            options.report.write_text(json.dumps(report.steps, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
