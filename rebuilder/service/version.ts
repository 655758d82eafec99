import about from '../../package.json' with { type: 'json' };

/** Of the whole project: package.json is the only place that says it. */
export const VERSION = about.version;
