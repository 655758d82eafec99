import { mistakeCases, settingsCases } from './settings-cases.ts';

settingsCases('version-1.yaml');

mistakeCases([
  ['version 1 is named in its own words', 'Version: 1\nLog: {Level: loud}', 'Log.Level', /debug, info/],
  ['version 1: a route in its own words', 'Version: 1\nGoreplayMiddleware: {Middleware: {RouteConfig: {Routes: [{Route: "~("}]}}}',
    'GoreplayMiddleware.Middleware.RouteConfig.Routes[0].Route', /RE2/],
  ['version 1: an unknown key', 'Version: 1\nGoreplayMiddleware: {Goreply: {}}', 'GoreplayMiddleware.Goreply', /did you mean 'Goreplay'\?/],
  ['version 1: switched off', 'Version: 1\nGoreplayMiddleware: {Enabled: false}', 'GoreplayMiddleware.Enabled', /nothing would be captured/],
]);
