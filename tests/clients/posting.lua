-- Posts the lines of a file in turn: JSON bodies.
local bodies = {}

function init(args)
   for line in io.lines(args[1]) do
      bodies[#bodies + 1] = line
   end
end

local headers = { ["Content-Type"] = "application/json" }
local turn = 0

function request()
   turn = turn % #bodies + 1
   return wrk.format("POST", nil, headers, bodies[turn])
end
