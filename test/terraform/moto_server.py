"""The lab's emulated account, with interface types that moto has no way to make: as often as it is asked for.

    python moto_server.py LAB_FILE SOCKET OWNER

LAB_FILE is the lab's traffic_mirror_moto.py. It makes the account of account.py once. To each connection to the Unix socket SOCKET
that brings a line, a JSON object of environment variables, it answers with the port of a server on loopback that has the account as
it was made, and the ids of what is in it, keyed by words. The server is a fork with these variables. (To import moto and to make the
account costs seconds, a fork some milliseconds.) All of them end with the process OWNER.

A server answers, beside AWS's API, POST /lab/COMMAND with a JSON list of arguments: the commands of account.py, and `end`.

An interface whose tag `lab:interface-type` is set is of that type, and one whose tag `lab:owner` is set is attached to that AWS
service (such as amazon-elb) and to no instance. Instances whose user data holds the text in the environment's LAB_UNHEALTHY
never answer a health check.
"""

import collections
import ctypes
import functools
import importlib.util
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from types import SimpleNamespace


def tag(eni, key):
    return next((t["value"] for t in eni.get_tags() if t["key"] == key), None)


def s3_gaps():
    """Bucket policies are kept and not enforced (moto ignores their conditions); a lifecycle rule keeps how many versions it keeps."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket
    from moto.s3.responses import S3Response

    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.NEUTRAL
    set_lifecycle, serialized = FakeBucket.set_lifecycle, S3Response.serialized

    def set_with_versions(self, rules):
        set_lifecycle(self, rules)
        self.newer_versions = {rule["ID"]: (rule.get("NoncurrentVersionExpiration") or {}).get("NewerNoncurrentVersions") for rule in rules}

    def serialized_with_versions(self, answer):
        rules = answer.result.get("Rules", []) if isinstance(answer.result, dict) else []
        for rule in rules:
            newer = getattr(self.backend.head_bucket(self.bucket_name), "newer_versions", {}).get(rule.get("ID"))
            if newer is not None and "NoncurrentVersionExpiration" in rule:
                rule["NoncurrentVersionExpiration"]["NewerNoncurrentVersions"] = int(newer)
        return serialized(self, answer)

    FakeBucket.set_lifecycle, S3Response.serialized = set_with_versions, serialized_with_versions


def keeping_lifetime(operation):
    def answer(self):
        result = operation(self)
        lifetime = self._get_int_param("MaxInstanceLifetime")
        if lifetime is not None:
            self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")].max_instance_lifetime = lifetime
        return result

    return answer


def install(lab_file):
    """Teaches moto what it does not know."""
    spec = importlib.util.spec_from_file_location("lab", lab_file)
    lab = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lab)
    lab.install()

    from moto.ec2.models.elastic_network_interfaces import NetworkInterface

    NetworkInterface.interface_type = property(lambda self: tag(self, "lab:interface-type") or "interface", lambda self, value: None)
    attachment = NetworkInterface.attachment.fget

    def with_owner(self):
        owner = tag(self, "lab:owner")
        if owner is None:
            return attachment(self)
        return SimpleNamespace(attachment_id="ela-attach-0", device_index=1, instance_owner_id=owner, status="attached", delete_on_termination=False)

    NetworkInterface.attachment = property(with_owner)

    # Tags of what the lab adds: moto knows resources by the prefix of their ids.
    from moto.ec2 import utils

    for kind, prefix in (("filter", "tmf"), ("filter-rule", "tmfr"), ("session", "tms"), ("target", "tmt")):
        utils.EC2_RESOURCE_TO_PREFIX[f"traffic-mirror-{kind}"] = prefix
        utils.EC2_PREFIX_TO_RESOURCE[prefix] = f"traffic-mirror-{kind}"

    # A group whose tag `lab:refresh` or `lab:activity` is set had that end of its last refresh or activity.
    from moto.autoscaling.responses import AutoScalingResponse
    from moto.core.responses import ActionResult

    def group_tag(self, key):
        group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
        return next((t["Value"] for t in group.tags if t["Key"] == key), None)

    refreshes, activities = AutoScalingResponse.describe_instance_refreshes, AutoScalingResponse.describe_scaling_activities

    def describe_instance_refreshes(self):
        status = group_tag(self, "lab:refresh")
        return ActionResult({"InstanceRefreshes": [{"InstanceRefreshId": "lab", "Status": status}]}) if status else refreshes(self)

    def describe_scaling_activities(self):
        status = group_tag(self, "lab:activity")
        failed = {"ActivityId": "lab", "StatusCode": status, "StatusMessage": "You have requested more vCPU capacity than your current limit", "Cause": "lab"}
        return ActionResult({"Activities": [failed]}) if status else activities(self)

    AutoScalingResponse.describe_instance_refreshes = describe_instance_refreshes
    AutoScalingResponse.describe_scaling_activities = describe_scaling_activities

    # A Lambda function runs: in a process of this machine's Node, its calls to this account.
    import io
    import shutil
    import subprocess
    import tempfile
    import zipfile

    from moto.awslambda.models import LambdaFunction

    def run_function(self, event=None):
        account = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['MOTO_PORT']}"}
        with tempfile.TemporaryDirectory() as folder:
            zipfile.ZipFile(io.BytesIO(self.code_bytes)).extractall(folder)
            shutil.copy("test/fleet/run-lambda.mjs", f"{folder}/run.mjs")
            command, env = ["node", "run.mjs", f"{folder}/index.mjs"], {"PATH": os.environ["PATH"], **account, **self.environment_vars}
            done = subprocess.run(command, cwd=folder, env=env, input=json.dumps([event]), capture_output=True, text=True)
        if done.returncode != 0:
            return json.dumps({"errorMessage": done.stderr}), True, done.stdout
        answers = next(line for line in done.stdout.splitlines() if line.startswith("answers "))
        return json.dumps(json.loads(answers[len("answers ") :])[0]), False, done.stdout

    LambdaFunction._invoke_lambda = run_function

    # moto forgets where a function's dead letters go.
    make, configuration = LambdaFunction.__init__, LambdaFunction.get_configuration

    def make_function(self, account_id, spec, *args, **kw):
        make(self, account_id, spec, *args, **kw)
        self.dead_letters = spec.get("DeadLetterConfig")

    def with_dead_letters(self, *args, **kw):
        said = configuration(self, *args, **kw)
        return {**said, "DeadLetterConfig": self.dead_letters} if self.dead_letters else said

    LambdaFunction.__init__, LambdaFunction.get_configuration = make_function, with_dead_letters

    # The tags of one resource are asked for with every resource that is described: looked up, not searched for, or a
    # fleet of thousands takes minutes.
    from moto.ec2.models.tags import TagBackend

    search = TagBackend.describe_tags

    def describe_tags(self, filters=None):
        ids = (filters or {}).get("resource-id", [])
        if list(filters or {}) != ["resource-id"] or any(mark in i for i in ids for mark in "*?"):
            return search(self, filters)
        kinds = utils.EC2_PREFIX_TO_RESOURCE
        return [
            {"resource_id": i, "key": key, "value": value, "resource_type": kinds.get(i.split("-")[0], "")}
            for i in ids for key, value in self.tags.get(i, {}).items()
        ]

    TagBackend.describe_tags = describe_tags

    # A security group rule that names a group has a description, too; moto keeps it with the group and does not report it.
    from moto.ec2.models.security_groups import SecurityGroupRule

    SecurityGroupRule.description = property(lambda self: (self.source_group or {}).get("Description") or (self.ip_range or {}).get("Description"))

    # An image that is registered under a name of the vendor's is in AWS Marketplace, whose account owns it.
    from moto.ec2.models.amis import AmiBackend

    register = AmiBackend.register_image

    def register_image(self, name, description):
        ami = register(self, name, description)
        if name.startswith("wallarm-"):
            ami.owner_id, ami.owner_alias = "679593333241", "aws-marketplace"
            ami.architecture, ami.virtualization_type, ami.root_device_name = "x86_64", "hvm", "/dev/xvda"
        return ami

    AmiBackend.register_image = register_image
    from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup

    health_for = FakeTargetGroup.health_for

    def health_by_user_data(self, target, ec2_backend):
        health = health_for(self, target, ec2_backend)
        unhealthy = os.environ.get("LAB_UNHEALTHY")
        instance = ec2_backend.get_instance_by_id(target["Id"]) if unhealthy and target["Id"].startswith("i-") else None
        if instance is None or not instance.user_data or unhealthy not in instance.user_data.decode():
            return health
        return FakeHealthStatus(health.instance_id, health.port, health.health_check_port, "unhealthy", "Target.FailedHealthChecks", "Health checks failed")

    FakeTargetGroup.health_for = health_by_user_data

    s3_gaps()

    # The longest life of an instance is taken, and not kept, by moto.
    from moto.autoscaling.responses import AutoScalingResponse

    for operation in ("create_auto_scaling_group", "update_auto_scaling_group"):
        setattr(AutoScalingResponse, operation, keeping_lifetime(getattr(AutoScalingResponse, operation)))


def one_at_a_time(moto):
    """One call after the other, because moto's state is not made for threads. What Terraform's provider asks once more, because the
    answer was lost on the way, is answered as before: on a busy machine rules were there already, and groups gone."""
    lock = threading.Lock()
    answers = collections.OrderedDict()

    def ask(environ, call):
        said = []
        body = b"".join(moto(environ, lambda status, headers, exc_info=None: said.extend((status, headers))))
        if call is not None and said[0] < "5":
            answers[call] = *said, body
            if len(answers) > 512:
                answers.popitem(last=False)
        return *said, body

    def answer(environ, start_response):
        # A function that is invoked makes calls of its own meanwhile.
        if environ["PATH_INFO"].endswith("/invocations"):
            return moto(environ, start_response)
        is_provider = "Terraform" in environ.get("HTTP_USER_AGENT", "")
        call = environ.get("HTTP_AMZ_SDK_INVOCATION_ID") if is_provider else None
        with lock:
            status, headers, body = answers.get(call) or ask(environ, call)
        start_response(status, headers)
        return [body]

    return answer


def lab_route(moto, client):
    """moto's application, with the commands of account.py beside it."""
    import account

    def answer(environ, start_response):
        path = environ["PATH_INFO"]
        if not path.startswith("/lab/"):
            return moto(environ, start_response)
        command = path[len("/lab/"):]
        if command == "end":
            os._exit(0)
        try:
            arguments = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            status, said = "200 OK", json.dumps(account.run(client, command, arguments), default=str)
        except Exception:
            status, said = "500 Internal Server Error", traceback.format_exc()
        start_response(status, [("Content-Type", "text/plain")])
        return [said.encode()]

    return answer


def serve(listener, application):
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    port = listener.getsockname()[1]
    os.environ["MOTO_PORT"] = str(port)
    make_server("127.0.0.1", port, application, threaded=True, request_handler=MotoRequestHandler, fd=listener.fileno()).serve_forever()


def fork(listener, application, env):
    """A server of its own with the account as it is now."""
    if os.fork() != 0:
        return
    # Linux: ends with its parent, however that ends (man 2 prctl, PR_SET_PDEATHSIG).
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(env)
    serve(listener, application)


def main():
    lab_file, path, owner = sys.argv[1:]
    owner = os.pidfd_open(int(owner))
    # Whoever comes before it can answer waits.
    asked = socket.socket(socket.AF_UNIX)
    asked.bind(path)
    asked.listen(128)
    install(lab_file)

    import account
    import boto3
    from moto import mock_aws
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    # Calls of this process and of its children go straight to the emulation, without HTTP.
    mock_aws().start()
    session = boto3.Session(region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    client = functools.cache(session.client)
    ids = account.Account(client).build()

    application = lab_route(one_at_a_time(DomainDispatcherApplication(create_backend_app)), client)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while owner not in select.select([asked, owner], [], [])[0]:
        with asked.accept()[0] as connection:
            env = json.loads(connection.makefile().readline())
            with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
                fork(listener, application, env)
                connection.sendall(json.dumps({"port": listener.getsockname()[1], "ids": ids}).encode())
                # The fork has it open, too.
                connection.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
