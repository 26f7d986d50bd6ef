"""A small PowerShell for the tests of one script, because none can be had where they run.

`interpreter` walks the tree that a grammar of PowerShell (tree-sitter-powershell) makes of the
script; `cmdlets` are the commands that it calls, with the parameters that Microsoft's references
name and no others; `windows` is the DNS server that they change. What the script does not use is
not there: an unknown command, parameter, operator or kind of node is an error.
"""
