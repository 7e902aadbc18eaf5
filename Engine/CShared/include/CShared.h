#ifndef OUTCRY_CSHARED_H
#define OUTCRY_CSHARED_H
#include "checksum.h"
#include "exchange.h"
#include "layouts.h"
#include "metrics.h"
#include "segment.h"
#include "shim.h"
#include "symbol.h"
#endif
