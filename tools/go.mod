module lenlop/tools

go 1.26.0
