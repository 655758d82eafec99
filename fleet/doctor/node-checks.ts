import type { TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
import { failed, MEND_NAME, ok, skipped, some, type Check, type Verdict } from './check.ts';
import type { Facts, History } from './facts.ts';
import { RECENT_SECONDS } from './metrics.ts';
import { countsOf, sickOf, withoutDraining } from './target-health.ts';

/** What an ALB must leave as it is; the values that modules/vpc-mirror-rebuild sets. */
const ALB_ATTRIBUTES: Readonly<Record<string, string>> = {
  'routing.http.desync_mitigation_mode': 'monitor',
  'routing.http.preserve_host_header.enabled': 'true',
  'routing.http.xff_header_processing.mode': 'preserve',
  'routing.http.drop_invalid_header_fields.enabled': 'false',
};

const MEND_NODE = 'look at a node: its token, its log, and what its health check answers';

/** From the rebuilders to the nodes, and what watches over them. */
export const NODE_CHECKS: readonly Check[] = [
  {
    name: 'rebuilders.capacity',
    judge: ({ group, rebuild }) => capacityOf(group, rebuild.autoscaling_group_name, 'rebuilders'),
  },
  {
    name: 'rebuilders.activity',
    judge: ({ history }) => activityOf(history.rebuilders),
  },
  {
    name: 'rebuilders.refresh',
    judge: ({ history, group }) => refreshOf(history.rebuilders, group),
  },
  {
    name: 'rebuilders.health',
    needs: ['nlb.exists', 'nlb.listener', 'rebuilders.health-port', 'rebuilders.capacity'],
    judge: ({ health, rebuild }) => healthOf(health.rebuilders, rebuild.target_group_arn, 'rebuilders', 'look at the log group: does the service run?'),
  },
  {
    name: 'alb.listener',
    judge: ({ alb, rebuild }) => {
      if (rebuild.alb_arn === null) return skipped('no ALB of ours: the endpoint is your own');
      if (alb === null)
        return failed(`${rebuild.alb_arn} is not there`, 'the ALB in front of the nodes', MEND_NAME);
      const listener = alb.listeners.find(({ Port: port }) => port === 8445);
      const arn = listener?.DefaultActions?.[0]?.TargetGroupArn;
      if (listener === undefined)
        return failed('no listener on port 8445', 'HTTP 8445 to the nodes', 'apply the Terraform again');
      return rebuild.detection_target_group_arn === null || arn === rebuild.detection_target_group_arn
        ? ok('HTTP 8445 goes to the nodes')
        : failed(`8445 goes to ${arn}`, rebuild.detection_target_group_arn, 'apply the Terraform again');
    },
  },
  {
    name: 'alb.attributes',
    judge: ({ alb }) => {
      if (alb === null) return skipped('no ALB');
      const wrong = Object.entries(ALB_ATTRIBUTES).filter(
        ([key, value]) => alb.attributes.has(key) && alb.attributes.get(key) !== value,
      );
      return wrong.length === 0
        ? ok('the ALB leaves requests as they are')
        : failed(
            some(wrong.map(([key]) => `${key} = ${alb.attributes.get(key)}`)),
            some(wrong.map(([key, value]) => `${key} = ${value}`)),
            'apply the Terraform again: attacks would be refused or changed on the way',
          );
    },
  },
  {
    name: 'nodes.capacity',
    judge: ({ nodesGroup, rebuild }) => capacityOf(nodesGroup, rebuild.nodes_autoscaling_group_name, 'nodes'),
  },
  {
    name: 'nodes.activity',
    judge: ({ history, nodesGroup }) =>
      nodesGroup === null ? skipped('no Auto Scaling group of the nodes') : activityOf(history.nodes),
  },
  {
    name: 'nodes.refresh',
    judge: ({ history, nodesGroup }) =>
      nodesGroup === null ? skipped('no Auto Scaling group of the nodes') : refreshOf(history.nodes, nodesGroup),
  },
  {
    name: 'nodes.health',
    needs: ['alb.listener', 'nodes.capacity'],
    judge: ({ health, rebuild }) => healthOf(health.nodes, rebuild.detection_target_group_arn, 'nodes', MEND_NODE),
  },
  {
    name: 'raw.listener',
    needs: ['nlb.exists'],
    judge: ({ nlb, rebuild }) =>
      listenerTo(nlb, 8445, rebuild.raw_target_group_arn, 'no raw path: what an ALB would refuse is re-framed or counted'),
  },
  {
    name: 'raw.health',
    needs: ['raw.listener'],
    judge: ({ health, rebuild }) =>
      healthOf(health.raw, rebuild.raw_target_group_arn, 'nodes on the raw path', 'look at the health check of that target group'),
  },
  {
    name: 'ext-proc.listener',
    needs: ['nlb.exists'],
    judge: ({ nlb, rebuild }) => listenerTo(nlb, 5080, rebuild.ext_proc_target_group_arn, 'no native nodes'),
  },
  {
    name: 'ext-proc.health',
    needs: ['ext-proc.listener', 'nodes.capacity'],
    judge: ({ health, rebuild }) => healthOf(health.exchanges, rebuild.ext_proc_target_group_arn, 'native nodes', MEND_NODE),
  },
  {
    name: 'alarms',
    judge: ({ alarms }) => {
      const loud = alarms.filter(({ StateValue: state }) => state === 'ALARM');
      return loud.length === 0
        ? ok(`${alarms.length} alarms, none of them raised`)
        : failed(
            some(loud.map(({ AlarmName: name, AlarmDescription: text }) => `${name}: ${text}`)),
            'no alarm',
            'docs/operations.md, by what the alarm names',
          );
    },
  },
  {
    name: 'agent',
    needs: ['rebuilders.capacity', 'rebuilders.health'],
    judge: ({ agentDatapoints }) =>
      agentDatapoints > 0
        ? ok('the rebuilders\' metrics arrive')
        : failed(
            `no metric of the rebuilders in ${RECENT_SECONDS / 60} minutes`,
            'one a minute from each',
            'look whether the CloudWatch agent runs, and has its right and a way to CloudWatch (HTTPS)',
          ),
  },
  {
    name: 'packets',
    needs: [
      'agent',
      'sources.selected',
      'sessions.present',
      'filter.ports',
      'target.balancer',
      'nlb.listener',
      'nlb.zones',
      'nlb.security-group',
      'rebuilders.security-group',
      'nacl.sources',
      'nacl.rebuilders',
      'rebuilders.health',
    ],
    judge: ({ packetsIn }) =>
      (packetsIn ?? 0) > 0
        ? ok(`${packetsIn} packets in ${RECENT_SECONDS / 60} minutes`)
        : failed(
            `no mirrored packet in ${RECENT_SECONDS / 60} minutes`,
            'some, if anybody sends requests',
            'is there traffic? send some: rebuilder attack-test --to URL',
          ),
  },
];

function capacityOf(group: Facts['group'], name: string | null, what: string): Verdict {
  if (name === null) return skipped(`the description names no Auto Scaling group of the ${what}`);
  if (group === null)
    return failed(`there is no Auto Scaling group ${name}`, `that of the ${what}`, MEND_NAME);
  const suspended = (group.SuspendedProcesses ?? []).flatMap(({ ProcessName: process }) => process ?? []);
  const inService = (group.Instances ?? []).filter(({ LifecycleState: state }) => state === 'InService').length;
  if (suspended.length > 0)
    return failed(
      `${some(suspended)} of ${name} suspended`,
      `no suspended process: broken ${what} are not replaced`,
      'resume them: aws autoscaling resume-processes',
    );
  return inService >= (group.MinSize ?? 0)
    ? ok(`${inService} in service`)
    : failed(`${inService} in service`, `${group.MinSize} at least`, 'look at the group\'s activities');
}

function activityOf({ activities: [last] }: History): Verdict {
  return last?.StatusCode === 'Failed' || last?.StatusCode === 'Cancelled'
    ? failed(
        `the last activity ${last.StatusCode.toLowerCase()}: ${last.StatusMessage ?? last.Description}`,
        'it succeeds',
        'fix what the message names: quota, image, subnet, role',
      )
    : ok('the last activity did not fail');
}

/**
 * Terraform starts the nodes' refreshes and does not wait for them; one that failed is not started again by the next
 * apply.
 */
function refreshOf({ refreshes: [last] }: History, group: Facts['group']): Verdict {
  return /Failed|Cancelled|Rollback/.test(last?.Status ?? '')
    ? failed(
        `the last instance refresh: ${last?.Status}${last?.StatusReason === undefined ? '' : `, ${last.StatusReason}`}`,
        'Successful: the new version runs everywhere',
        `look at the boot log of a new instance, then aws autoscaling start-instance-refresh --auto-scaling-group-name ${group?.AutoScalingGroupName}`,
      )
    : ok(last === undefined ? 'none yet' : `the last one: ${last.Status}`);
}

/** The way through the Network Load Balancer to the nodes' own target group. */
function listenerTo(nlb: Facts['nlb'], port: number, arn: string | null, without: string): Verdict {
  if (arn === null || nlb === null) return skipped(without);
  const listener = nlb.listeners.find((one) => one.Port === port && one.Protocol === 'TCP');
  return listener?.DefaultActions?.[0]?.TargetGroupArn === arn
    ? ok(`TCP ${port} goes to the nodes`)
    : failed(
        listener === undefined ? `no listener for TCP ${port}` : `TCP ${port} goes elsewhere`,
        `TCP ${port} to ${arn}`,
        'apply the Terraform again',
      );
}

function healthOf(
  health: readonly TargetHealthDescription[] | null,
  arn: string | null,
  what: string,
  mend: string,
): Verdict {
  if (arn === null) return skipped(`no target group of the ${what} is named`);
  if (health === null) return failed(`${arn} is not there`, `the target group of the ${what}`, MEND_NAME);
  const sick = sickOf(health);
  if (withoutDraining(health).length === 0)
    return failed(`no ${what} are registered${health.length === 0 ? '' : ` (${countsOf(health)})`}`, 'one at least', mend);
  return sick.length === 0
    ? ok(countsOf(health))
    : failed(
        some(
          sick.map(
            ({ Target: target, TargetHealth: state }) =>
              `${target?.Id} is ${state?.State}${saidOf(state)}`,
          ),
        ),
        `all ${what} healthy`,
        mend,
      );
}

function saidOf(health: TargetHealthDescription['TargetHealth']): string {
  const words = [health?.Reason, health?.Description].filter((one) => one !== undefined && one !== '');
  return words.length === 0 ? '' : ` (${words.join(': ')})`;
}
