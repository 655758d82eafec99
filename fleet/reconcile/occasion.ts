/** Why the function runs. */
export interface Occasion {
  /** `EC2 Instance State-change Notification: running`, `schedule`, `terraform create` … */
  readonly name: string;
  /** When it happened, ms since the epoch; null = not told, as by Terraform. */
  readonly timeMs: number | null;
  /** The filter that Terraform gave before this update; null = none, or not told. */
  readonly formerFilter: string | null;
}

/** Reads an EventBridge event, or the input of Terraform's aws_lambda_invocation, which adds `tf.action` of its own. */
export function occasionOf(event: unknown): Occasion {
  const action = text(own(own(event, 'tf'), 'action'));
  if (action !== '') {
    const former = text(own(own(own(event, 'tf'), 'prev_input'), 'traffic_mirror_filter_id'));
    return { name: `terraform ${action}`, timeMs: null, formerFilter: former === '' ? null : former };
  }
  const kind = text(own(event, 'detail-type'));
  const detail = own(event, 'detail');
  const state = text(own(detail, 'state')) || text(own(detail, 'eventName'));
  const time = Date.parse(text(own(event, 'time')));
  const isSchedule = kind === 'Scheduled Event';
  return {
    name: isSchedule ? 'schedule' : kind === '' ? 'called by hand' : `${kind}${state === '' ? '' : `: ${state}`}`,
    // A schedule is there to look, whatever was seen before.
    timeMs: isSchedule || Number.isNaN(time) ? null : time,
    formerFilter: null,
  };
}

const own = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
