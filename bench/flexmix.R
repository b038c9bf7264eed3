# Times R's flexmix on a CSV (y, x1, x2, ...): seconds of one EM iteration, or of a whole start.
# Rscript flexmix.R iteration FILE K   |   Rscript flexmix.R start FILE K
suppressMessages(library(flexmix))
arguments <- commandArgs(trailingOnly = TRUE)
data <- read.csv(arguments[2])
k <- as.integer(arguments[3])
set.seed(1)
labels <- sample(k, nrow(data), replace = TRUE)
seconds <- function(iterations, gate, tolerance) {
  control <- list(iter.max = iterations, minprior = 0, tolerance = tolerance)
  system.time(flexmix(y ~ ., data = data, cluster = labels, concomitant = gate,
                      control = control))[["elapsed"]]
}
if (arguments[1] == "iteration") {
  few <- seconds(2, FLXPconstant(), 0)
  many <- seconds(32, FLXPconstant(), 0)
  cat((many - few) / 30, "\n")
} else {
  predictors <- paste(setdiff(names(data), "y"), collapse = " + ")
  gate <- FLXPmultinom(as.formula(paste("~", predictors)))
  cat(seconds(1000, gate, 1e-8), "\n")
}
