# Mixtures of experts by R's flexmix: the best of many random starts, made exact.
#
#   Rscript flexmix.R DATA.csv gaussian|poisson|bernoulli constant|softmax K N_STARTS SEED [refit]
#
# DATA.csv: numeric, the column y and any other columns, all of which are covariates of the
# experts and, for a softmax gate, of the gate. Prints one JSON object. See README.md.

suppressPackageStartupMessages({
  library(flexmix)
  library(jsonlite)
})

# ------------------------------------------------------------------ exact log-likelihood
# theta: coefficients (p x K), log sigma (K, Gaussian only), gate (q x (K-1); expert 1 is zero)

unpack <- function(theta, m) {
  b <- seq_len(m$p * m$k)
  s <- if (m$family == "gaussian") m$p * m$k + seq_len(m$k) else integer()
  g <- setdiff(seq_along(theta), c(b, s))
  list(coef = matrix(theta[b], m$p), log_sigma = theta[s],
       gate = cbind(0, matrix(theta[g], m$q)))
}

evaluate <- function(theta, m) {
  t <- unpack(theta, m)
  eta <- m$X %*% t$coef
  s2 <- 1
  if (m$family == "gaussian") {
    sigma <- rep(exp(t$log_sigma), each = m$n)
    z <- (m$y - eta) / sigma
    logf <- -0.5 * log(2 * pi) - log(sigma) - 0.5 * z^2
    slope <- z / sigma
  } else if (m$family == "poisson") {
    logf <- m$y * eta - exp(eta) - lgamma(m$y + 1)
    slope <- m$y - exp(eta)
  } else {
    logf <- plogis((2 * m$y - 1) * eta, log.p = TRUE)
    slope <- m$y - plogis(eta)
  }
  logits <- m$Z %*% t$gate
  top <- apply(logits, 1, max)
  log_gate <- logits - (top + log(rowSums(exp(logits - top))))
  joint <- logf + log_gate
  top <- apply(joint, 1, max)
  log_prob <- top + log(rowSums(exp(joint - top)))
  resp <- exp(joint - log_prob)
  grad <- c(crossprod(m$X, resp * slope),
            if (m$family == "gaussian") colSums(resp * (z^2 - 1)),
            crossprod(m$Z, resp - exp(log_gate))[, -1])
  list(loglik = sum(log_prob), grad = grad, resp = resp, gate = exp(log_gate))
}

hessian <- function(theta, m, h = 1e-5) {
  columns <- lapply(seq_along(theta), function(j) {
    e <- replace(numeric(length(theta)), j, h * max(1, abs(theta[j])))
    (evaluate(theta + e, m)$grad - evaluate(theta - e, m)$grad) / (2 * sum(e))
  })
  H <- do.call(cbind, columns)
  (H + t(H)) / 2
}

# BFGS from theta, then Newton steps as long as they raise the log-likelihood.
polish <- function(theta, m) {
  value <- function(t) { v <- -evaluate(t, m)$loglik; if (is.finite(v)) v else 1e100 }
  slope <- function(t) -evaluate(t, m)$grad
  theta <- optim(theta, value, slope, method = "BFGS",
                 control = list(maxit = 3000, reltol = 1e-14))$par
  for (i in 1:20) {
    now <- evaluate(theta, m)
    step <- tryCatch(solve(-hessian(theta, m), now$grad), error = function(e) NULL)
    if (is.null(step) || !all(is.finite(step)) || sum(step * now$grad) < 0) break
    new <- evaluate(theta + step, m)
    if (!is.finite(new$loglik) || new$loglik < now$loglik - 1e-9) break
    theta <- theta + step
    if (sum(step * now$grad) < 1e-16) break
  }
  theta
}

# ------------------------------------------------------------------ flexmix

family_of <- c(gaussian = "gaussian", poisson = "poisson", bernoulli = "binomial")

run_flexmix <- function(m, data, start, tolerance, iter_max) {
  response <- if (m$family == "bernoulli") "cbind(y, 1 - y)" else "y"
  terms <- paste(setdiff(names(data), "y"), collapse = " + ")
  concomitant <- if (m$gate == "softmax") FLXPmultinom(as.formula(paste("~", terms)))
                 else FLXPconstant()
  utils::capture.output(fit <- suppressWarnings(flexmix(
    as.formula(paste(response, "~", terms)), data = data, k = m$k, cluster = start,
    model = FLXMRglm(family = family_of[[m$family]]), concomitant = concomitant,
    control = list(iter.max = iter_max, tolerance = tolerance, minprior = 0))))
  fit
}

# flexmix's answer as theta. Its Gaussian sigma divides by n - p in place of n; put that right.
theta_of <- function(fit, m) {
  par <- lapply(fit@components, function(c) c[[1]]@parameters)
  coef <- sapply(par, function(c) c$coef)
  sigma <- sapply(par, function(c) c$sigma)
  gate <- if (m$gate == "softmax") fit@concomitant@coef
          else matrix(log(fit@prior / fit@prior[1]), 1)
  c(coef, if (m$family == "gaussian") log(sigma * sqrt((m$n - m$p) / m$n)), gate[, -1])
}

# Odd starts: random labels. Even starts: p + 2 random rows an expert, a least-squares fit to
# each (of the link of y, roughly), and every row to the expert that is nearest.
random_start <- function(i, m) {
  if (i %% 2 == 1) return(sample(rep_len(seq_len(m$k), m$n)))
  u <- switch(m$family, gaussian = m$y, poisson = log(m$y + 0.5), bernoulli = 4 * m$y - 2)
  distance <- sapply(seq_len(m$k), function(j) {
    rows <- sample(m$n, m$p + 2)
    b <- coef(lm.fit(m$X[rows, , drop = FALSE], u[rows]))
    b[is.na(b)] <- 0
    abs(u - m$X %*% b)
  })
  labels <- max.col(-distance)
  if (length(unique(labels)) < m$k) random_start(1, m) else labels
}

# ------------------------------------------------------------------ one job

describe <- function(theta, m) {
  e <- evaluate(theta, m)
  t <- unpack(theta, m)
  rows <- colSums(e$resp)
  ratio <- if (m$family == "gaussian") min(exp(t$log_sigma)) / m$sd_y else NA
  # No finite maximum (an expert or the gate separates the rows): some coefficient runs away.
  largest <- max(abs(c(if (m$family != "gaussian") t$coef, t$gate)))
  list(loglik = e$loglik, min_rows = min(rows), sigma_ratio = ratio, largest = largest,
       degenerate = min(rows) <= m$p + 1 || isTRUE(ratio < 1e-3), theta = theta)
}

arguments <- commandArgs(trailingOnly = TRUE)
raw <- read.csv(arguments[1])
x_names <- setdiff(names(raw), "y")
centre <- sapply(raw[x_names], mean)
spread <- sapply(raw[x_names], sd)
data <- raw
data[x_names] <- scale(raw[x_names], centre, spread)  # the optimum is the same; nnet needs it
m <- list(family = arguments[2], gate = arguments[3], k = as.integer(arguments[4]),
          n = nrow(data), y = data$y, X = cbind(1, as.matrix(data[x_names])),
          sd_y = sqrt(mean((data$y - mean(data$y))^2)))
m$p <- ncol(m$X)
m$Z <- if (m$gate == "softmax") m$X else m$X[, 1, drop = FALSE]
m$q <- ncol(m$Z)
n_starts <- as.integer(arguments[5])
set.seed(as.integer(arguments[6]))

found <- lapply(seq_len(n_starts), function(i) {
  start <- random_start(i, m)
  tryCatch({
    theta <- theta_of(run_flexmix(m, data, start, 1e-6, 500), m)
    stopifnot(all(is.finite(theta)))
    before <- describe(theta, m)
    if (before$degenerate) before else describe(polish(theta, m), m)
  }, error = function(e) list(loglik = NA, error = conditionMessage(e)))
})
loglik <- sapply(found, `[[`, "loglik")
failed <- is.na(loglik)
degenerate <- sapply(found, function(f) isTRUE(f$degenerate))
finite <- sapply(found, function(f) isTRUE(f$largest < 30))
errors <- sub("^ *[0-9]+ +", "", as.character(unlist(lapply(found[failed], `[[`, "error"))))
kind <- rep_len(c("labels", "subset"), n_starts)
good <- which(!failed & !degenerate)
stopifnot(length(good) > 0)

# Distinct local maxima, best first (up to five).
maxima <- list()
left <- good
while (length(left) && length(maxima) < 5) {
  top <- left[which.max(loglik[left])]
  same <- left[abs(loglik[left] - loglik[top]) < 1e-4]
  maxima[[length(maxima) + 1]] <- list(
    loglik = loglik[top], starts_labels = sum(kind[same] == "labels"),
    starts_subset = sum(kind[same] == "subset"), min_rows = found[[top]]$min_rows,
    sigma_ratio = found[[top]]$sigma_ratio, finite = finite[top])
  left <- setdiff(left, same)
}

winner <- good[which.max(loglik[good])]
theta <- found[[winner]]$theta
at <- evaluate(theta, m)
# flexmix itself, from the winner's responsibilities, at a tight tolerance.
flex <- tryCatch(run_flexmix(m, data, at$resp, 1e-13, 5000), error = function(e) NULL)

# Experts by falling mean gate probability, parameters on the scale of the given columns: a
# linear map of theta, so its matrix also carries the covariance over.
o <- order(-colMeans(at$gate))
back <- diag(m$p)
back[1, -1] <- -centre / spread
diag(back)[-1] <- 1 / spread
present <- function(theta) {
  t <- unpack(theta, m)
  gate <- t$gate[, o, drop = FALSE] - t$gate[, o[1]]
  list(coef = t(back %*% t$coef[, o, drop = FALSE]),
       log_sigma = t$log_sigma[o[seq_along(t$log_sigma)]],
       gate = t(if (m$gate == "softmax") back %*% gate else gate))
}
map <- sapply(seq_along(theta), function(j) unlist(present(replace(0 * theta, j, 1))))
fitted <- present(theta)

information <- -hessian(theta, m)
variance <- tryCatch(solve(information), error = function(e) NULL)
definite <- !is.null(variance) && all(eigen(information, TRUE, TRUE)$values > 0)
se <- if (definite) relist(sqrt(diag(map %*% variance %*% t(map))), fitted)
rows_of <- function(x) if (!is.null(x)) lapply(seq_len(nrow(x)), function(i) I(as.vector(x[i, ])))

# flexmix's own standard errors (of an optim from its fit, on the given columns).
refitted <- NULL
if ("refit" %in% arguments) {
  again <- refit(run_flexmix(m, raw, at$resp[, o], 1e-13, 5000), method = "optim")
  refitted <- list(parameter = names(again@coef), estimate = unname(again@coef),
                   se = unname(sqrt(diag(again@vcov))))
}

result <- list(
  loglik = at$loglik, flexmix_loglik = if (is.null(flex)) NA else as.numeric(logLik(flex)),
  flexmix_converged = !is.null(flex) && flex@converged,
  starts = list(n = n_starts, failed = sum(failed),
                errors = I(sort(unique(errors))), degenerate = sum(degenerate),
                best_labels = maxima[[1]]$starts_labels, best_subset = maxima[[1]]$starts_subset),
  prior = colMeans(at$gate)[o], coef = rows_of(fitted$coef),
  sigma = if (m$family == "gaussian") exp(fitted$log_sigma), gate_coef = rows_of(fitted$gate),
  coef_se = rows_of(se$coef), log_sigma_se = if (m$family == "gaussian") se$log_sigma,
  gate_coef_se = rows_of(se$gate), refit = refitted,
  newton_decrement = if (definite) sum(at$grad * (variance %*% at$grad)),
  strict_maximum = definite, finite = finite[winner], min_rows = min(colSums(at$resp)),
  sigma_ratio = found[[winner]]$sigma_ratio, maxima = maxima,
  versions = list(R = as.character(getRversion()),
                  flexmix = as.character(packageVersion("flexmix")),
                  nnet = as.character(packageVersion("nnet"))))
cat(toJSON(result, digits = I(15), auto_unbox = TRUE, null = "null", na = "null"), "\n")
