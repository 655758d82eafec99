"""Describes an AWS account to the emulation, and asks it what is left: the commands of `run`."""

import base64
import hashlib
import json
import re


class Account:
    def __init__(self, client):
        self.ec2, self.asg, self.elbv2, self.elb, self.eks, self.iam = (client(s) for s in ("ec2", "autoscaling", "elbv2", "elb", "eks", "iam"))
        self.secrets = client("secretsmanager")
        self.ids = {}

    def build(self):
        ec2, ids = self.ec2, self.ids
        ids["vpc"] = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        for index, name in enumerate(["apps", "mixed", "nodes", "targets"]):
            zone = "us-east-1" + "ab"[index % 2]
            ids[f"subnet_{name}"] = ec2.create_subnet(VpcId=ids["vpc"], CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        # The first that moto lists: to ask for its thousand takes a second.
        ids["image"] = "ami-03cf127a"

        for version in ("4-8-0", "6-12-3", "7-1-0"):
            ids[f"image_{version}"] = ec2.register_image(Name=f"wallarm-node-{version}-20260721")["ImageId"]
        ids["secret"] = self.secrets.create_secret(Name="wallarm/api-token", SecretString="secret-token")["ARN"]
        ids["certificate"] = self.secrets.create_secret(Name="wallarm/certificate", SecretString="certificate, chain, private key")["ARN"]

        self.load_balancers()
        self.group("shop", "apps", 2, [{"Key": "app", "Value": "shop"}], [ids["target_group_shop"]])
        self.group("unrelated", "apps", 0, [], [ids["target_group_gone"]])
        self.elbv2.delete_target_group(TargetGroupArn=ids["target_group_gone"])
        self.group("scaled", "apps", 1, [{"Key": "app", "Value": "scaled"}])
        # A rebuilder in the middle of the mirrored subnet, marked as the rebuild module marks it.
        self.group("rebuilders", "mixed", 1, [{"Key": "vpc-mirror:role", "Value": "rebuilder"}])
        self.mixed_subnet()
        self.cluster()
        return ids

    def load_balancers(self):
        ec2, ids, elbv2 = self.ec2, self.ids, self.elbv2
        subnets = [ids["subnet_apps"], ids["subnet_mixed"]]
        for name, kind in (("shop", "application"), ("edge", "network"), ("mirror", "network"), ("spare", "network")):
            lb = elbv2.create_load_balancer(Name=name, Type=kind, Subnets=subnets, Scheme="internal")["LoadBalancers"][0]
            ids[f"lb_{name}"] = lb["LoadBalancerArn"]
        group = elbv2.create_target_group(Name="shop", Protocol="HTTP", Port=80, VpcId=ids["vpc"], TargetType="instance")
        ids["target_group_shop"] = group["TargetGroups"][0]["TargetGroupArn"]
        elbv2.add_tags(ResourceArns=[ids["target_group_shop"]], Tags=[{"Key": "app", "Value": "shop"}])
        # One that is gone, and that a group still names.
        gone = elbv2.create_target_group(Name="gone", Protocol="HTTP", Port=80, VpcId=ids["vpc"], TargetType="instance")
        ids["target_group_gone"] = gone["TargetGroups"][0]["TargetGroupArn"]
        forward = [{"Type": "forward", "TargetGroupArn": ids["target_group_shop"]}]
        elbv2.create_listener(LoadBalancerArn=ids["lb_shop"], Protocol="HTTP", Port=80, DefaultActions=forward)
        self.elb.create_load_balancer(
            LoadBalancerName="old-shop", Subnets=subnets,
            Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 80}],
        )
        # AWS gives every Classic Load Balancer a health check; the provider relies on it.
        check = {"Target": "TCP:80", "Interval": 30, "Timeout": 5, "UnhealthyThreshold": 2, "HealthyThreshold": 10}
        self.elb.configure_health_check(LoadBalancerName="old-shop", HealthCheck=check)
        ids["eni_classic"] = self.interface("targets_of_nobody", "apps", "ELB old-shop", owner="amazon-elb")
        # An Application Load Balancer's own interface is described by the end of its ARN.
        suffix = ids["lb_shop"].split(":loadbalancer/")[1]
        ids["eni_balancer"] = self.interface("balancer", "targets", f"ELB {suffix}", owner="amazon-elb")
        # A Classic Load Balancer's interfaces are told by their description, and a look-alike elsewhere is not one of them.
        ids["eni_lookalike"] = self.interface("lookalike", "nodes", "ELB old-shop", owner="amazon-elb")

    def mixed_subnet(self):
        ec2, ids = self.ec2, self.ids
        ids["instance_legacy"], ids["eni_legacy"] = self.instance("t2.micro", "mixed", {"app": "legacy"})
        ids["instance_graviton4"], ids["eni_graviton4"] = self.instance("m8g.large", "mixed", {"app": "graviton4"})
        ids["instance_metal"], ids["eni_metal"] = self.instance("m5.metal", "mixed", {"app": "metal"})
        ids["instance_new"], ids["eni_new"] = self.instance("m8i.large", "targets", {"app": "new"})
        ids["instance_web"], ids["eni_web"] = self.instance("c7g.large", "mixed", {"app": "web", "team": "payments"})
        ids["eni_web_second"] = self.interface("web_second", "mixed", "second interface", tags={"mirror": "yes"})
        ec2.attach_network_interface(NetworkInterfaceId=ids["eni_web_second"], InstanceId=ids["instance_web"], DeviceIndex=1)
        ids["instance_target"], ids["eni_target"] = self.instance("m6i.large", "targets", {"app": "target"})
        ids["ip_target"] = ec2.describe_network_interfaces(NetworkInterfaceIds=[ids["eni_target"]])["NetworkInterfaces"][0]["PrivateIpAddress"]
        ids["eni_nat"] = self.interface("nat", "mixed", "Interface for NAT Gateway nat-0", kind="nat_gateway", owner="amazon-aws")
        ids["eni_lambda"] = self.interface("lambda", "mixed", "AWS Lambda VPC ENI-shop", kind="lambda", owner="amazon-aws")
        ids["eni_alb"] = self.interface("alb", "mixed", "ELB app/shop/0123456789abcdef", owner="amazon-elb")
        ids["eni_idle"] = self.interface("idle", "mixed", "attached to nothing")

    def cluster(self):
        ids = self.ids
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        role = self.iam.create_role(RoleName="eks", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        subnets = [ids["subnet_nodes"]]
        self.eks.create_cluster(name="prod", roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
        for name in ("blue", "green"):
            made = self.eks.create_nodegroup(clusterName="prod", nodegroupName=name, subnets=subnets, nodeRole=role)["nodegroup"]
            self.group(made["resources"]["autoScalingGroups"][0]["name"], "nodes", 1, [{"Key": "eks:nodegroup-name", "Value": name}], word=name)
        # Nodes of no node group: one that Karpenter started, and one of Auto Mode.
        ids["instance_karpenter"], ids["eni_karpenter"] = self.instance("m5.large", "nodes", {"kubernetes.io/cluster/prod": "owned", "eks:eks-cluster-name": "prod"})
        ids["instance_automode"], ids["eni_automode"] = self.instance("c6g.large", "nodes", {"eks:eks-cluster-name": "prod"})

    def group(self, name, subnet, size, tags, target_groups=(), word=None):
        template = f"{word or name}-template"
        self.ec2.create_launch_template(LaunchTemplateName=template, LaunchTemplateData={"ImageId": self.ids["image"], "InstanceType": "m5.large"})
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=0, MaxSize=10, DesiredCapacity=size, VPCZoneIdentifier=self.ids[f"subnet_{subnet}"],
            LaunchTemplate={"LaunchTemplateName": template, "Version": "$Latest"}, TargetGroupARNs=list(target_groups),
            Tags=[{**tag, "PropagateAtLaunch": True} for tag in tags],
        )
        members = self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]["Instances"]
        for index, member in enumerate(sorted(member["InstanceId"] for member in members)):
            found = self.ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [member]}])
            self.ids[f"instance_{word or name}_{index}"] = member
            self.ids[f"eni_{word or name}_{index}"] = found["NetworkInterfaces"][0]["NetworkInterfaceId"]

    def instance(self, kind, subnet, tags):
        made = self.ec2.run_instances(
            ImageId=self.ids["image"], InstanceType=kind, MinCount=1, MaxCount=1, SubnetId=self.ids[f"subnet_{subnet}"],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}],
        )["Instances"][0]
        return made["InstanceId"], made["NetworkInterfaces"][0]["NetworkInterfaceId"]

    def interface(self, name, subnet, description, kind=None, owner=None, tags=None):
        wanted = {"Name": name, "lab:interface-type": kind, "lab:owner": owner, **(tags or {})}
        made = self.ec2.create_network_interface(
            SubnetId=self.ids[f"subnet_{subnet}"], Description=description,
            TagSpecifications=[{"ResourceType": "network-interface", "Tags": [{"Key": k, "Value": v} for k, v in wanted.items() if v]}],
        )
        return made["NetworkInterface"]["NetworkInterfaceId"]


# What a module could have made, by kind: service, operation, key of the answer, key of the name (None: the whole description).
KINDS = {
    "sessions": ("ec2", "describe_traffic_mirror_sessions", "TrafficMirrorSessions", None),
    "targets": ("ec2", "describe_traffic_mirror_targets", "TrafficMirrorTargets", None),
    "filters": ("ec2", "describe_traffic_mirror_filters", "TrafficMirrorFilters", None),
    "launch_templates": ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName"),
    "security_groups": ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    "network_interfaces": ("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    "load_balancers": ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    "target_groups": ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    "auto_scaling_groups": ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "instance_profiles": ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    "buckets": ("s3", "list_buckets", "Buckets", "Name"),
    "log_groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "rules": ("events", "list_rules", "Rules", "Name"),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "parameters": ("ssm", "describe_parameters", "Parameters", "Name"),
    "databases": ("glue", "get_databases", "DatabaseList", "Name"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList", "Name"),
}


def left(client, *kinds):
    """What exists of these kinds; of all that a module could have made, if none is named."""
    found = {}
    for kind in kinds or KINDS:
        service, operation, answer, name = KINDS[kind]
        things = getattr(client(service), operation)()[answer]
        found[kind] = [thing[name] for thing in things] if name else things
    return found


def rebuilders(client):
    """Of each group: what its user data names as the tarball and its checksum, and the checksum of what is there under that name."""
    scaling, ec2, s3 = client("autoscaling"), client("ec2"), client("s3")
    found = []
    for group in scaling.describe_auto_scaling_groups(Filters=[{"Name": "tag:vpc-mirror:role", "Values": ["rebuilder"]}])["AutoScalingGroups"]:
        template = group.get("LaunchTemplate")
        if not group["AutoScalingGroupName"].startswith("vpc-mirror") or not template:
            continue
        version = ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"], Versions=[template["Version"]])
        script = base64.b64decode(version["LaunchTemplateVersions"][0]["LaunchTemplateData"]["UserData"]).decode()
        bucket, key, version_id = re.search(r"--bucket '(.+?)' --key '(.+?)' --version-id '(.+?)'", script).groups()
        stored = s3.get_object(Bucket=bucket, Key=key, VersionId=version_id)["Body"].read()
        policies = scaling.describe_policies(AutoScalingGroupName=group["AutoScalingGroupName"])["ScalingPolicies"]
        hooks = scaling.describe_lifecycle_hooks(AutoScalingGroupName=group["AutoScalingGroupName"])["LifecycleHooks"]
        found.append({
            "name": group["AutoScalingGroupName"], "instances": [member["InstanceId"] for member in group["Instances"]],
            "wanted": re.search(r'"([0-9a-f]{64})  \$work', script).group(1), "stored": hashlib.sha256(stored).hexdigest(),
            "policies": [policy["PolicyName"] for policy in policies], "hooks": [hook["LifecycleHookName"] for hook in hooks],
        })
    return found


def scale(client, group, size):
    """Sets the desired capacity of an Auto Scaling group."""
    client("autoscaling").set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=int(size))


def members(client, group):
    """Instances of an Auto Scaling group."""
    groups = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    return [member["InstanceId"] for member in groups[0]["Instances"]]


def stop(client, instance):
    client("ec2").stop_instances(InstanceIds=[instance])


def publish(client, name):
    """Adds an image; one whose name begins with wallarm- is in AWS Marketplace."""
    return client("ec2").register_image(Name=name)["ImageId"]


COMMANDS = {"scale": scale, "members": members, "stop": stop, "publish": publish, "rebuilders": rebuilders, "left": left}


def run(client, command, arguments):
    """`client(service)` is a boto3 client of the account."""
    return COMMANDS[command](client, *arguments)
