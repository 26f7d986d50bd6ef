"""The policies of kresd that come over ours, asked of kresd itself.

Ours are the first of `policy.rules`, and end that list. But a rule of the module view is run
after them, and a rule for answers (`policy.add(…, true)`) once ours have answered (measured with
5.6). Each is tried with a name of ours, without a question being asked: what a rule would do, a
function, shows by where Knot Resolver defines it. A function of the administrator's own shows
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.servers.contract import Finding
from ecs_anywhere_dns.servers.knot.control import KnotControl, quoted

LEADING_AWAY = ("STUB", "FORWARD", "TLS_FORWARD")
"""Actions of a view that have our questions asked elsewhere; in a rule for answers they do
nothing."""
ANSWERING = ("DENY", "DENY_MSG", "DROP", "REFUSE", "TC", "NO_ANSWER", "ANSWER")
TAKEN = """(function(names, address, asker)
 local function maker(action)
  local info, best, span = debug.getinfo(action, 'S'), '', math.huge
  for key, made in pairs(policy) do
   if made == action then return key end
   local own = type(made) == 'function' and debug.getinfo(made, 'S')
   if own and own.source == info.source and own.linedefined <= info.linedefined
     and info.linedefined <= own.lastlinedefined
     and own.lastlinedefined - own.linedefined < span then
    best, span = key, own.lastlinedefined - own.linedefined
   end
  end
  return best
 end
 local function reroutes(action)
  if not debug.getinfo(action, 'S').source:find('renumber.lua', 1, true) then return false end
  local place, name, prefixes = 1, debug.getupvalue(action, 1)
  while name and name ~= 'prefixes' do
   place = place + 1
   name, prefixes = debug.getupvalue(action, place)
  end
  local match = require('kres_modules.renumber').match_subnet
  for _, owner in ipairs(names) do
   local record = { type = kres.type.A, rdata = kres.str2ip(address), owner = todname(owner) }
   for _, rule in ipairs(prefixes or {}) do
    if match(rule[1], rule[2], rule[4], record) then return true end
   end
  end
  return false
 end
 local client = {
  family = function() return require('ffi').C.kr_straddr_family(asker) end,
  ip = function() return kres.str2ip(asker) end,
 }
 local asked = { qsource = { addr = client } }
 local function first(rules, said)
  for _, owner in ipairs(names) do
   local query = { name = function() return todname(owner) end, sname = todname(owner) }
   for _, rule in ipairs(rules) do
    local done, action = pcall(rule, asked, query)
    if done and type(action) == 'function' then
     local key = reroutes(action) and 'REROUTE' or maker(action)
     if key == 'PASS' then break end
     if said[key] then return owner .. ' ' .. key end
    end
   end
  end
  return ''
 end
 local after, views = {}, {}
 for _, rule in ipairs(policy.postrules) do
  if not rule.suspended then table.insert(after, rule.cb) end
 end
 for _, rule in ipairs(view and view.src or {}) do
  if rule[1] == client.family()
    and require('ffi').C.kr_bitcmp(rule[2], client.ip(), rule[3]) == 0 then
   table.insert(views, rule[4])
  end
 end
 return { after = first(after, ANSWERING_AFTER), view = first(views, TAKEN_BY_VIEW) }
end)(NAMES, ADDRESS, ASKER)""".replace("\n", " ")


def overruled(control: KnotControl, intended: Forwarding, asker: str) -> Iterator[Finding]:
    """Yield the rules that come over ours for one of the zones of `intended`, which is not none,
    or for an address like its resolver IPs; `asker` is the address of the client. Raises
    ReloadFailed."""
    names = ", ".join(quoted(f"{zone}.") for zone in intended.zones)
    lua = (
        TAKEN.replace("ANSWERING_AFTER", _set(*ANSWERING, "REROUTE"))
        .replace("TAKEN_BY_VIEW", _set(*ANSWERING, *LEADING_AWAY))
        .replace("NAMES", f"{{{names}}}")
        .replace("ADDRESS", quoted(intended.forwarders[0]))
        .replace("ASKER", quoted(asker))
    )
    for said in control.values_of(lua):
        yield from _after(said["after"])
        yield from _of_view(said["view"], asker)


def _after(said: str) -> Iterator[Finding]:
    name, _, action = said.partition(" ")
    if said:
        yield Finding(
            False,
            f"a policy for answers (policy.{action}, added with `true`) changes those of "
            f"{name.rstrip('.')}, after ours",
            "leave our names, or the VPC's networks, out of it, then restart kresd",
        )


def _of_view(said: str, asker: str) -> Iterator[Finding]:
    name, _, action = said.partition(" ")
    if said:
        yield Finding(
            False,
            f"the module view has policy.{action} for questions of {asker}, which comes over ours "
            f"for {name.rstrip('.')}",
            "put `view:addr(…, policy.suffix(policy.PASS, policy.todnames({'amazonaws.com'})))` "
            "for that network before it, then restart kresd",
        )


def _set(*words: str) -> str:
    return f"{{{', '.join(f'{word} = true' for word in words)}}}"
