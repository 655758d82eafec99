// `npm run coverage [-- part of a path…]`: the tests, then how much of the sources they ran, in lines and branches; by
// file in coverage/index.html.
/** @type {import('monocart-coverage-reports').CoverageReportOptions} */
export default {
  name: 'vpc-mirror',
  outputDir: 'coverage',
  reports: ['v8', 'console-summary'],
  entryFilter: ({ url }) => !url.includes('/node_modules/'),
  // The bundle's sources are those of the checkout, too.
  sourcePath: (path) => path.replace(/^.*?(?=(?:rebuilder|fleet)\/)/, ''),
  sourceFilter: (path) => /^(?:rebuilder|fleet)\/.*\.ts$/.test(path),
  all: { dir: ['rebuilder', 'fleet'], filter: { '**/*.ts': true, '**/*': false } },
};
