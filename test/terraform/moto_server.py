"""Starts the lab's emulated account with interface types that moto has no way to make.

    python moto_server.py LAB_FILE PORT

LAB_FILE is the lab's traffic_mirror_moto.py. An interface whose tag `lab:interface-type` is set is of that type, and one
whose tag `lab:owner` is set is attached to that AWS service (such as amazon-elb) and to no instance.
"""

import importlib.util
import os
import sys
from types import SimpleNamespace


def tag(eni, key):
    return next((t["value"] for t in eni.get_tags() if t["key"] == key), None)


def main():
    lab_file, port = sys.argv[1:]
    os.environ["MOTO_PORT"] = port
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

    from moto.server import main as moto_main

    moto_main(["-H", "127.0.0.1", "-p", port])


if __name__ == "__main__":
    main()
