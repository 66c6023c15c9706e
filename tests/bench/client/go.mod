module jifen/bench/client

go 1.21
