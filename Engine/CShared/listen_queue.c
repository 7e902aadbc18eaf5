#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

/* For a listening socket the kernel puts its queue into two fields that mean something else for
 * a connected one. */
static int tcp_queue(int listener, uint32_t *waiting, uint32_t *most) {
  struct tcp_info info;
  socklen_t length = sizeof info;
  if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return errno;
  *waiting = info.tcpi_unacked;
  *most = info.tcpi_sacked;
  return 0;
}

static int read_answer(int netlink, uint32_t *waiting, uint32_t *most) {
  _Alignas(struct nlmsghdr) char answer[4096];
  ssize_t length = recv(netlink, answer, sizeof answer, 0);
  if (length < 0) return errno;
  struct nlmsghdr *head = (struct nlmsghdr *)answer;
  if (!NLMSG_OK(head, (size_t)length)) return EPROTO;
  if (head->nlmsg_type == NLMSG_ERROR) return -((struct nlmsgerr *)NLMSG_DATA(head))->error;
  if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY) return EPROTO;
  size_t begin = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct unix_diag_msg));
  while (begin + sizeof(struct nlattr) <= (size_t)length) {
    struct nlattr *attribute = (struct nlattr *)(answer + begin);
    if (attribute->nla_len < sizeof *attribute) return EPROTO;
    if (attribute->nla_type == UNIX_DIAG_RQLEN
        && begin + NLA_HDRLEN + sizeof(struct unix_diag_rqlen) <= (size_t)length) {
      struct unix_diag_rqlen queue;
      memcpy(&queue, answer + begin + NLA_HDRLEN, sizeof queue);
      *waiting = queue.udiag_rqueue;
      *most = queue.udiag_wqueue;
      return 0;
    }
    begin += NLA_ALIGN(attribute->nla_len);
  }
  return ENOENT;
}

static int unix_queue(int listener, uint32_t *waiting, uint32_t *most) {
  struct stat own;
  if (fstat(listener, &own) != 0) return errno;
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) return errno;
  /* The kernel answers at once or not at all. */
  struct timeval patience = {.tv_sec = 0, .tv_usec = 100000};
  setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct {
    struct nlmsghdr head;
    struct unix_diag_req body;
  } question;
  memset(&question, 0, sizeof question);
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.head.nlmsg_flags = NLM_F_REQUEST;
  question.body.sdiag_family = AF_UNIX;
  question.body.udiag_ino = (uint32_t)own.st_ino;
  question.body.udiag_show = UDIAG_SHOW_RQLEN;
  question.body.udiag_cookie[0] = question.body.udiag_cookie[1] = UINT32_MAX;
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  ssize_t sent = sendto(netlink, &question, sizeof question, 0, (struct sockaddr *)&kernel,
                        sizeof kernel);
  int code = sent < 0 ? errno : read_answer(netlink, waiting, most);
  close(netlink);
  return code;
}

int outcry_listen_queue(int listener, uint32_t *waiting, uint32_t *most) {
  int family = 0;
  socklen_t length = sizeof family;
  if (getsockopt(listener, SOL_SOCKET, SO_DOMAIN, &family, &length) != 0) return errno;
  return family == AF_UNIX ? unix_queue(listener, waiting, most)
                           : tcp_queue(listener, waiting, most);
}
