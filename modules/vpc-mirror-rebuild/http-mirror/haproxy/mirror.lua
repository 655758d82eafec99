-- Copies of requests for detection nodes: `filter lua.mirror` in a frontend (haproxy.cfg beside this file). Production's bytes pass
-- unchanged and never wait: what is copied is remembered as it passes, and sent by a task of its own when the request is complete.
-- All limits are per HAProxy thread (lua-load-per-thread). What exceeds one is counted and said in the log, never waited for.

local RELAY = "abns@mirror_relay"
local MAX_BODY = 8 * 1024 * 1024       -- bytes of one body that are copied; the rest is cut off, and the copy says so (X-Mirror-Complete)
local MAX_HELD = 64 * 1024 * 1024      -- bytes of all copies being collected or sent
local MAX_COPIES = 256                 -- copies being sent
local ANSWER_SECONDS = 15              -- how long a node may take to answer

local held, sending, dropped = 0, 0, 0

-- What nodes believe, and what starts with x-mirror-: a client's own goes on under another name, where it is still inspected.
local believed = {
  ["x-forwarded-for"] = true, ["x-forwarded-port"] = true, ["x-forwarded-proto"] = true, ["x-real-ip"] = true, ["x-scheme"] = true,
  ["x-server-addr"] = true, ["x-server-port"] = true,
  ["x-response-status"] = true, ["x-response-time"] = true, ["x-response-size"] = true,
}
-- Of this connection, not of the request (RFC 9110, 7.6.1); a copy has framing of its own.
local hop_by_hop = {
  ["connection"] = true, ["keep-alive"] = true, ["proxy-connection"] = true, ["te"] = true, ["trailer"] = true, ["expect"] = true,
  ["transfer-encoding"] = true, ["content-length"] = true, ["http2-settings"] = true,
}

local function drop(why)
  dropped = dropped + 1
  if dropped == 1 or dropped % 1000 == 0 then
    core.log(core.warning, "mirror: copies dropped by this thread so far: " .. dropped .. ", now because " .. why)
  end
end

-- The head of the copy, and whether its request has a body (if an empty one).
local function head(txn)
  local framed = false
  local lines = { txn.f:method() .. " " .. txn.f:pathq() .. " HTTP/1.1" }
  for name, value in string.gmatch(txn.f:req_hdrs(), "([^:\r\n]+): ?([^\r\n]*)\r\n") do
    local plain = string.gsub(string.lower(name), "_", "-")
    if believed[plain] or string.sub(plain, 1, 9) == "x-mirror-" or plain == "upgrade" then
      lines[#lines + 1] = "X-Mirror-Original-" .. name .. ": " .. value
    elseif not hop_by_hop[plain] then
      lines[#lines + 1] = name .. ": " .. value
    end
    framed = framed or plain == "content-length" or plain == "transfer-encoding"
  end
  local client = txn:get_var("txn.mirror_client")
  local scheme = txn:get_var("txn.mirror_scheme") or "http"
  local id = txn:get_var("txn.mirror_id")
  lines[#lines + 1] = "X-Forwarded-For: " .. client
  lines[#lines + 1] = "X-Real-IP: " .. client
  lines[#lines + 1] = "X-Forwarded-Port: " .. txn.f:src_port()
  lines[#lines + 1] = "X-Forwarded-Proto: " .. scheme
  lines[#lines + 1] = "X-Scheme: " .. scheme
  lines[#lines + 1] = "X-SERVER-ADDR: " .. txn.f:dst()
  lines[#lines + 1] = "X-SERVER-PORT: " .. txn.f:dst_port()
  lines[#lines + 1] = "X-Mirror-Id: " .. id
  return table.concat(lines, "\r\n"), framed
end

local function send(copy)
  local socket = core.tcp()
  socket:settimeout(ANSWER_SECONDS)
  if socket:connect(RELAY) then
    socket:send(copy.text)
    socket:receive("*l") -- the status line: the node has the copy
  else
    drop("the relay refuses connections")
  end
  socket:close()
  sending = sending - 1
  held = held - copy.bytes
end

local function collect(self, message)
  local part = message:body()
  if part == nil or #part == 0 then return end
  local room = math.min(MAX_BODY - self.bytes, MAX_HELD - held)
  if #part > room then
    self.complete = false
    part = string.sub(part, 1, math.max(room, 0))
  end
  self.parts[#self.parts + 1] = part
  self.bytes = self.bytes + #part
  held = held + #part
end

local function finish(self)
  local text, bytes = self.head, self.bytes
  local complete = self.complete and self.ended and "true" or "false"
  self.head, self.bytes = nil, 0
  if sending >= MAX_COPIES then
    held = held - bytes
    return drop("nodes do not keep up")
  end
  local framing = "\r\nX-Mirror-Complete: " .. complete .. (self.framed and "\r\nContent-Length: " .. bytes or "") .. "\r\nConnection: close\r\n\r\n"
  local copy = { text = text .. framing .. table.concat(self.parts), bytes = bytes }
  self.parts = {}
  sending = sending + 1
  core.register_task(function() send(copy) end)
end

-- An error in a filter would end production's request with it: here it ends the copy.
local function guarded(step, self, ...)
  local ok, why = pcall(step, self, ...)
  if ok then return end
  held = held - self.bytes
  self.head, self.parts, self.bytes = nil, {}, 0
  drop("of a mistake in mirror.lua: " .. tostring(why))
end

local Mirror = { id = "copies of requests for detection nodes", flags = filter.FLT_CFG_FL_HTX }
Mirror.__index = Mirror

function Mirror:new()
  return setmetatable({ parts = {}, bytes = 0, complete = true, ended = false, framed = false, head = nil }, Mirror)
end

function Mirror:start_analyze(txn, channel)
  if not channel:is_resp() then filter.register_data_filter(self, channel) end
end

function Mirror:http_headers(txn, message)
  if not message.channel:is_resp() then guarded(function(copy) copy.head, copy.framed = head(txn) end, self) end
end

function Mirror:http_payload(txn, message)
  if not message.channel:is_resp() and self.head then guarded(collect, self, message) end
end

function Mirror:http_end(txn, message)
  if message.channel:is_resp() or self.head == nil then return end
  self.ended = true
  guarded(finish, self)
end

-- A request that was given up before its end, by the client or by an application that answered early: what came of it is sent.
function Mirror:end_analyze(txn, channel)
  if not channel:is_resp() and self.head then guarded(finish, self) end
end

core.register_filter("mirror", Mirror, function(class) return class end)
