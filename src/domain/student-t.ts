/**
 * Quantiles of Student's t, computed once when a model is frozen; from there on they are integers.
 * Distribution function by the regularised incomplete beta function (Abramowitz and Stegun 26.5.27 and 26.7.1, continued
 * fraction by Lentz's method as in Numerical Recipes 6.4), inverted by bisection.
 */
export function studentTQuantile(probability: number, degreesOfFreedom: number): number {
  if (probability < 0.5) return -studentTQuantile(1 - probability, degreesOfFreedom)
  let low = 0
  let high = 1
  while (studentTDistribution(high, degreesOfFreedom) < probability) high *= 2
  for (let step = 0; step < 200 && high - low > 1e-12 * high; step += 1) {
    const middle = (low + high) / 2
    if (studentTDistribution(middle, degreesOfFreedom) < probability) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(T <= t). */
export function studentTDistribution(t: number, degreesOfFreedom: number): number {
  const x = degreesOfFreedom / (degreesOfFreedom + t * t)
  const tail = incompleteBeta(degreesOfFreedom / 2, 0.5, x) / 2
  return t >= 0 ? 1 - tail : tail
}

function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(a, b, x)) / a
    : 1 - (front * betaFraction(b, a, 1 - x)) / b
}

function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300
  const apart = (value: number): number => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / apart(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m <= 500; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / apart(1 + even * d)
    c = apart(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / apart(1 + odd * d)
    c = apart(1 + odd / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return fraction
}

/** Lanczos' approximation with g = 7 and nine terms (Godfrey 2001), relative error below 1e-14 for x >= 0.5. */
function logGamma(x: number): number {
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ]
  const shifted = x - 1
  let sum = 0.99999999999980993
  for (const [at, term] of terms.entries()) sum += term / (shifted + at + 1)
  const base = shifted + 7.5
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum)
}

/**
 * Level of the proof of one change when m >= 1 tunables are looked at: 0.05 / sqrt(m), between none and a full allowance for looking at
 * m. Dubey's correction 1 - (1 - 0.05)^(1 / m^(1 - r)) for gains correlated by r = 1/2, to first order (Sankoh, Huque and Dubey,
 * Statistics in Medicine 16, 1997): tunables share one response model, one approval effect and one hidden bias.
 */
export const oneSidedLevel = (tunables: number): number => 0.05 / Math.sqrt(tunables)
