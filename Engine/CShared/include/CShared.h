#ifndef OUTCRY_CSHARED_H
#define OUTCRY_CSHARED_H
#include "layouts.h"
#include "shim.h"
#endif
