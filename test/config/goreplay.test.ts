import { mistakeCases, settingsCases } from './settings-cases.ts';

settingsCases('older-form.yaml');

mistakeCases([
  ['an unknown argument of the older form', 'goreplay: {extra_args: [-input-raw-vlanvid, 4]}', 'goreplay.extra_args[0]', /did you mean -input-raw-vlan-vid\?/],
  ['an argument with a bad number', 'goreplay: {extra_args: [-input-raw-vlan-vid, 4096]}', 'goreplay.extra_args[0]', /0 to 4095/],
  ['a bad filter of the older form', 'goreplay: {filter: eth0}', 'goreplay.filter', /eth0:80/],
  ['a filtering argument has a key here', 'goreplay: {extra_args: [-http-allow-url, /api]}', 'goreplay.extra_args[0]', /input_filters/],
]);
